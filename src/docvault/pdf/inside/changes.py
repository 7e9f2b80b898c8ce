"""Which changes after a signature count as harmless: pyHanko's rules, with two corrections.

1. pyHanko reports the appearance of a locked field as changed when it is merely older than the lock. Only
   objects that a revision really writes can be changes.
2. Behind the last signature nobody signs any more: objects that nothing refers to are not ignored there.
"""

from collections.abc import Iterable

from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    FormUpdatingRule,
    ModificationLevel,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
)
from pyhanko.sign.diff_analysis.form_rules_api import (
    FieldComparisonContext,
    FieldComparisonSpec,
    FormUpdate,
)
from pyhanko.sign.diff_analysis.rules.form_field_rules import GenericFieldModificationRule


class _WrittenOnly(GenericFieldModificationRule):
    """Leaves out what the later revision does not write (correction 1)."""

    def check_form_field(
        self, fq_name: str, spec: FieldComparisonSpec, context: FieldComparisonContext
    ) -> Iterable[tuple[ModificationLevel, FormUpdate]]:
        written = context.new.explicit_refs_in_revision()
        for level, update in super().check_form_field(fq_name, spec, context):
            if update.updated_ref in written:
                yield level, update


_FORM = FormUpdatingRule([SigFieldCreationRule(), SigFieldModificationRule(), _WrittenOnly()])

ORDINARY = StandardDiffPolicy(DEFAULT_DIFF_POLICY.global_rules, _FORM)
UNSIGNED_TAIL = StandardDiffPolicy(DEFAULT_DIFF_POLICY.global_rules, _FORM, ignore_orphaned_objects=False)
