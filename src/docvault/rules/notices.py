"""What a person is told about their own account: a closed list (promise 16). Holds no words.

The words stand in mail/templates/sentences.toml, in every language; a test holds the two equal.
"""

from enum import StrEnum


class Notice(StrEnum):
    NEW_DEVICE = "new-device"
    FACTOR_FAILED = "factor-failed"  # a right password, then a wrong second factor
    AFTER_FAILURES = "after-failures"  # a sign-in after a run of failed ones
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - the name of a notice
    EMAIL_CHANGE_STARTED = "email-change-started"
    EMAIL_CHANGED = "email-changed"
    NAME_CHANGED = "name-changed"
    APP_CONNECTED = "app-connected"
    APP_REMOVED = "app-removed"
    PASSKEY_ADDED = "passkey-added"
    PASSKEY_RENAMED = "passkey-renamed"
    PASSKEY_REMOVED = "passkey-removed"
    PASSKEY_COPIED = "passkey-copied"  # its counter went back: there may be two of it
    RECOVERY_CODE_USED = "recovery-code-used"
    RECOVERY_CODES_ISSUED = "recovery-codes-issued"
    REPROOF_DECIDED = "reproof-decided"  # and a second person agreed
    SIGN_ON_LINKED = "sign-on-linked"  # with an identity provider
    SIGN_ON_UNLINKED = "sign-on-unlinked"
    TOKEN_CREATED = "token-created"  # noqa: S105 - the name of a notice
    ROLE_CHANGED = "role-changed"
    SESSIONS_ENDED = "sessions-ended"  # by an administrator
