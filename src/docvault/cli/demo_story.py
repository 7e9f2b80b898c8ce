"""The story that the demo tells: who, what and when, as plain values. Does nothing.

Moments are offsets in hours before the demo starts, so that the portal looks lived in whenever it is opened.
"""

from dataclasses import dataclass

from docvault.policy.vocabulary import Role

PASSWORD = "correct-tugboat-lantern-9"  # noqa: S105 - a sample account on this machine, printed for everybody to use
OPERATOR = "Harbour & Pine Consulting"
NORDLICHT = "Nordlicht Logistics GmbH"
FABRYKA = "Fabryka Słońca Sp. z o.o."


@dataclass(frozen=True, slots=True)
class Cast:
    key: str
    name: str
    email: str
    role: Role
    organisation: str


ADMINISTRATOR = Cast("sam", "Sam Okafor", "sam@harbourpine.example", Role.ADMINISTRATOR, OPERATOR)
MANAGER = Cast("marta", "Marta Kowalska", "marta@harbourpine.example", Role.ACCOUNT_MANAGER, OPERATOR)
OFFICER = Cast("ines", "Inês Duarte", "ines@harbourpine.example", Role.COMPLIANCE_OFFICER, OPERATOR)
ANNA = Cast("anna", "Anna Lindqvist", "anna@nordlicht.example", Role.CLIENT, NORDLICHT)
TOMASZ = Cast("tomasz", "Tomasz Żak", "tomasz@fabryka.example", Role.CLIENT, FABRYKA)
LENA = Cast("lena", "Lena Voss", "lena@nordlicht.example", Role.CLIENT, NORDLICHT)  # and of Fabryka
INVITED = (MANAGER, OFFICER, ANNA, TOMASZ, LENA)
PEOPLE = (ADMINISTRATOR, *INVITED)


@dataclass(frozen=True, slots=True)
class StoryFolder:
    key: str
    organisation: str
    name: str
    kind: str


FOLDERS = (
    StoryFolder("msa", NORDLICHT, "Master services agreement", "contract"),
    StoryFolder("rfp", NORDLICHT, "Warehouse tender", "rfp"),
    StoryFolder("sow", FABRYKA, "Solar roof programme", "sow"),
    StoryFolder("papers", NORDLICHT, "Whitepapers", "whitepaper"),
)
INSIDE = "Prices and margins"  # in the tender, for fewer eyes
