"""The words a signer agrees to before signing, by version. A text in use is never edited: another is added.

Disclosures follow 15 U.S.C. 7001(c) (ESIGN) and Regulation (EU) 910/2014, article 25 (eIDAS).
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from docvault.rules.envelopes import SIGNING, Envelope, check_reason, require_turn, with_recipient
from docvault.values import DocVaultError


class ConsentUnknown(DocVaultError):
    """The words agreed to are not the words in use."""


@dataclass(frozen=True, slots=True)
class ConsentText:
    id: str
    text: str  # paragraphs, parted by an empty line

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the text in UTF-8: what the audit log and the certificate quote."""
        return hashlib.sha256(self.text.encode()).hexdigest()


EN_1 = ConsentText(
    "en-1",
    "I agree to read and sign this document electronically. My electronic signature is meant to bind me "
    "as my signature on paper would.\n\n"
    "I can do this on paper instead: I ask the sender, and I pay nothing for it unless we agreed "
    "otherwise. My consent covers this envelope only.\n\n"
    "I can withdraw my consent until I sign, by declining or by writing to the sender; what I signed "
    "before stays valid. I tell the sender if my e-mail address changes.\n\n"
    "I need a current web browser, an e-mail address and a program that shows PDF files. Having this "
    "page and the document open on my device shows that I can read both here. I can download and keep "
    "the signed document at no cost.\n\n"
    "My name, e-mail address, network address, browser, and the time of each step are recorded as "
    "evidence, with a fingerprint of the document as it was shown to me.",
)

DE_1 = ConsentText(
    "de-1",
    "Ich bin einverstanden, dieses Dokument elektronisch zu lesen und zu unterschreiben. Meine "
    "elektronische Unterschrift soll mich binden wie meine Unterschrift auf Papier.\n\n"
    "Ich kann es stattdessen auf Papier tun: Ich bitte den Absender darum und zahle nichts dafür, "
    "wenn nichts anderes vereinbart ist. Meine Einwilligung gilt nur für diesen Umschlag.\n\n"
    "Bis ich unterschreibe, kann ich meine Einwilligung widerrufen, indem ich ablehne oder dem "
    "Absender schreibe; was ich vorher unterschrieben habe, bleibt gültig. Ändert sich meine "
    "E-Mail-Adresse, sage ich es dem Absender.\n\n"
    "Ich brauche einen aktuellen Browser, eine E-Mail-Adresse und ein Programm, das PDF-Dateien "
    "anzeigt. Dass ich diese Seite und das Dokument auf meinem Gerät geöffnet habe, zeigt, dass ich "
    "beides hier lesen kann. Das unterschriebene Dokument kann ich kostenlos herunterladen und "
    "behalten.\n\n"
    "Als Beweis werden mein Name, meine E-Mail-Adresse, meine Netzwerkadresse, mein Browser und die "
    "Zeit jedes Schrittes festgehalten, mit einem Fingerabdruck des Dokuments, wie es mir gezeigt "
    "wurde.",
)
PL_1 = ConsentText(
    "pl-1",
    "Zgadzam się przeczytać i podpisać ten dokument elektronicznie. Mój podpis elektroniczny ma mnie "
    "wiązać tak jak podpis na papierze.\n\n"
    "Mogę zamiast tego zrobić to na papierze: proszę o to nadawcę i nic za to nie płacę, chyba że "
    "umówiono się inaczej. Moja zgoda dotyczy tylko tej koperty.\n\n"
    "Do chwili podpisania mogę wycofać zgodę, odmawiając podpisu lub pisząc do nadawcy; to, co "
    "podpisano wcześniej, pozostaje ważne. O zmianie adresu e-mail powiadomię nadawcę.\n\n"
    "Potrzebuję aktualnej przeglądarki, adresu e-mail i programu, który wyświetla pliki PDF. To, że "
    "ta strona i dokument są otwarte na moim urządzeniu, pokazuje, że mogę je tu przeczytać. "
    "Podpisany dokument mogę bezpłatnie pobrać i zachować.\n\n"
    "Jako dowód zapisywane są moje imię i nazwisko, adres e-mail, adres sieciowy, przeglądarka i "
    "czas każdego kroku wraz z odciskiem dokumentu w postaci, w jakiej mi go pokazano.",
)
FI_1 = ConsentText(
    "fi-1",
    "Suostun lukemaan ja allekirjoittamaan tämän asiakirjan sähköisesti. Sähköinen allekirjoitukseni "
    "sitoo minua samoin kuin allekirjoitukseni paperilla.\n\n"
    "Voin tehdä tämän sen sijaan paperilla: pyydän sitä lähettäjältä enkä maksa siitä, ellei toisin "
    "ole sovittu. Suostumukseni koskee vain tätä kirjekuorta.\n\n"
    "Voin perua suostumukseni siihen asti, kun allekirjoitan, kieltäytymällä tai kirjoittamalla "
    "lähettäjälle; mitä olen allekirjoittanut aiemmin, pysyy voimassa. Kerron lähettäjälle, jos "
    "sähköpostiosoitteeni muuttuu.\n\n"
    "Tarvitsen ajantasaisen selaimen, sähköpostiosoitteen ja ohjelman, joka näyttää PDF-tiedostoja. "
    "Se, että tämä sivu ja asiakirja ovat auki laitteellani, osoittaa, että voin lukea ne täällä. "
    "Voin ladata ja säilyttää allekirjoitetun asiakirjan maksutta.\n\n"
    "Todisteeksi tallennetaan nimeni, sähköpostiosoitteeni, verkko-osoitteeni, selaimeni ja jokaisen "
    "vaiheen aika sekä sormenjälki asiakirjasta sellaisena kuin se minulle näytettiin.",
)
JA_1 = ConsentText(
    "ja-1",
    "この文書を電子的に読み、署名することに同意します。電子署名は、"
    "紙への署名と同じように私を拘束するものとします。\n\n"
    "代わりに紙で行うこともできます。その場合は送信者に依頼し、"
    "別の取り決めがない限り費用はかかりません。この同意はこの封筒だけに及びます。\n\n"
    "署名するまでは、辞退するか送信者に連絡することで同意を撤回できます。"
    "それより前に署名したものは有効なままです。メールアドレスが変わったときは送信者に知らせます。\n\n"
    "最新のブラウザー、メールアドレス、PDFを表示するソフトが必要です。"
    "このページと文書が私の端末で開いていることは、ここで両方を読めることを示します。"
    "署名済みの文書は無料でダウンロードし、保管できます。\n\n"
    "証拠として、氏名、メールアドレス、ネットワークアドレス、ブラウザー、各手順の時刻が、"
    "私に表示された文書の指紋とともに記録されます。",
)
FA_1 = ConsentText(
    "fa-1",
    "موافقم که این سند را به صورت الکترونیکی بخوانم و امضا کنم. امضای الکترونیکی من باید مانند "
    "امضایم روی کاغذ مرا متعهد کند.\n\n"
    "می‌توانم این کار را روی کاغذ انجام دهم: از فرستنده می‌خواهم و هزینه‌ای نمی‌پردازم، مگر آنکه "
    "توافق دیگری شده باشد. موافقت من تنها برای این پاکت است.\n\n"
    "تا پیش از امضا می‌توانم با رد کردن یا نوشتن به فرستنده موافقتم را پس بگیرم؛ آنچه پیش‌تر امضا "
    "کرده‌ام معتبر می‌ماند. اگر نشانی ایمیلم عوض شود به فرستنده می‌گویم.\n\n"
    "به مرورگری به‌روز، نشانی ایمیل و برنامه‌ای که پرونده‌های PDF را نشان دهد نیاز دارم. باز بودن "
    "این صفحه و سند در دستگاه من نشان می‌دهد که می‌توانم هر دو را اینجا بخوانم. سند امضاشده را "
    "می‌توانم رایگان بارگیری و نگهداری کنم.\n\n"
    "برای اثبات، نام، نشانی ایمیل، نشانی شبکه، مرورگر و زمان هر گام من همراه با اثر انگشت سند، به "
    "همان شکلی که به من نشان داده شد، ثبت می‌شود.",
)


def _later(before: ConsentText, *changes: tuple[str, str]) -> ConsentText:
    """Return the version after `before`: the same but for these words."""
    language, _, number = before.id.partition("-")
    text = before.text
    for old, new in changes:
        if text.count(old) != 1:
            raise ValueError(old)
        text = text.replace(old, new)
    return ConsentText(f"{language}-{int(number) + 1}", text)


# The second version names the ways that the page itself has by now: for paper, and for taking consent back.
EN_2 = _later(
    EN_1,
    ("I ask the sender, and", "I say so on this page or ask the sender, and"),
    ("until I sign, by declining", "until I sign, on this page, by declining"),
)
DE_2 = _later(
    DE_1,
    ("Ich bitte den Absender darum", "Ich sage es auf dieser Seite oder bitte den Absender darum"),
    ("indem ich ablehne oder", "indem ich es auf dieser Seite sage, ablehne oder"),
)
PL_2 = _later(
    PL_1,
    ("proszę o to nadawcę", "mówię to na tej stronie albo proszę o to nadawcę"),
    ("wycofać zgodę, odmawiając", "wycofać zgodę na tej stronie, odmawiając"),
)
FI_2 = _later(
    FI_1,
    ("pyydän sitä lähettäjältä", "sanon sen tällä sivulla tai pyydän sitä lähettäjältä"),
    ("kieltäytymällä tai", "tällä sivulla, kieltäytymällä tai"),
)
JA_2 = _later(
    JA_1,
    ("その場合は送信者に依頼し", "その場合はこのページで伝えるか送信者に依頼し"),
    ("署名するまでは、辞退するか", "署名するまでは、このページで、または辞退するか"),
)
FA_2 = _later(
    FA_1,
    ("از فرستنده می‌خواهم و", "در همین صفحه می‌گویم یا از فرستنده می‌خواهم و"),
    ("می‌توانم با رد کردن", "می‌توانم در همین صفحه، با رد کردن"),
)

CURRENT = EN_2  # in English
_IN_USE = {text.id.partition("-")[0]: text for text in (EN_2, DE_2, PL_2, FI_2, JA_2, FA_2)}
_OLDER = (EN_1, DE_1, PL_1, FI_1, JA_1, FA_1)  # what was agreed to stays to be read in the evidence
TEXTS = {text.id: text for text in (*_OLDER, *_IN_USE.values())}


def in_language(code: str) -> ConsentText:
    """Return the text in use in a language, ISO 639-1; in English where there is none."""
    return _IN_USE.get(code, CURRENT)


def check_consent(consent_id: str, sha256: str) -> ConsentText:
    """Return the text that was agreed to, if it is one in use word for word. Raises ConsentUnknown."""
    text = next((one for one in _IN_USE.values() if one.id == consent_id), None)
    if text is None or sha256 != text.sha256:
        raise ConsentUnknown("The text to agree to has changed. Please read it again.")
    return text


def is_in_use(consent_id: str | None) -> bool:
    """Tell whether these are the words in use in their language."""
    return consent_id in {text.id for text in _IN_USE.values()}


def check_note(note: str) -> str:
    """Return what a signer writes to the sender with their wish, or nothing. Raises EnvelopeIncomplete."""
    return check_reason(note) if note.strip() else ""


def prefer_paper(envelope: Envelope, signer_id: str, now: datetime) -> Envelope:
    """Take a signer's consent back, or note that there is none: they would rather sign on paper.

    Raises EnvelopeClosed, AlreadySigned, NotYourPart, NotYourTurn.
    """
    signer = require_turn(envelope, signer_id, SIGNING, now)
    return with_recipient(envelope, replace(signer, consented_at=None))
