"""Whether a VCF file is valid: own rules over header and columns for VCF 4.0 to 4.5, with line and field.

`judge_header` and `RecordsJudge` (see `judge`) are for reading; `judge_file` (see `file`) judges a file from its path.
"""

from connectors.vcf.validity.header import Header, judge_header
from connectors.vcf.validity.judge import NO_RECORD, Judged, RecordsJudge
from connectors.vcf.validity.rules import RULES, Found, Rule, Verdict
from connectors.vcf.validity.tally import Group, Tally

__all__ = [
    "NO_RECORD",
    "RULES",
    "Found",
    "Group",
    "Header",
    "Judged",
    "RecordsJudge",
    "Rule",
    "Tally",
    "Verdict",
    "judge_header",
]
