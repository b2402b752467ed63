"""The rules: each with its place, its verdict, and what it says. A table of data; where they are applied is beside it.

Names and sections are those of the Variant Call Format specification (VCFv4.0 to VCFv4.5; sections of 4.3 where no
other is named).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Verdict(IntEnum):
    """How far a finding goes.

    Attributes:
        ADVICE: the specification encourages something else; every mode publishes.
        NONCONFORMANT: the specification frowns, real callers do it; published and counted, quarantined in strict mode.
        INVALID: cannot be trusted; the record, or for the header the file, is quarantined.
    """

    ADVICE = 0
    NONCONFORMANT = 1
    INVALID = 2


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        rule_id: its name: the reason code of a rejection.
        place: "file", "header" or "record".
        verdict: how far it goes.
        wrong: what is wrong, without a value.
        legal: what would be legal.
    """

    rule_id: str
    place: str
    verdict: Verdict
    wrong: str
    legal: str

    @property
    def sentence(self) -> str:
        """What a sequencing core is told."""
        return f"{self.wrong}; legal: {self.legal}"


_ROWS = """
fileformat-missing|header|invalid|the first line does not state the version|##fileformat=VCFv4.0 to VCFv4.5 as the first line
fileformat-version|header|invalid|the stated version is none of VCF 4|##fileformat=VCFv4.0 to VCFv4.5, without spaces
fileformat-newer|header|nonconformant|the stated version is newer than those known; it is read as VCFv4.5|##fileformat=VCFv4.0 to VCFv4.5
fileformat-repeated|header|nonconformant|the version is stated again|one ##fileformat line, the first
header-utf8|header|invalid|the line is not UTF-8|UTF-8 text
header-line-prefix|header|invalid|a line before #CHROM does not begin with ##|meta-information lines begin with ## and are not broken over lines
header-line-empty|header|nonconformant|a line of the header is empty|no empty lines before #CHROM
chrom-line-missing|header|invalid|there is no #CHROM line before the first record|#CHROM POS ID REF ALT QUAL FILTER INFO, separated by tabs
chrom-line-columns|header|invalid|the #CHROM line does not name the eight fixed columns|#CHROM POS ID REF ALT QUAL FILTER INFO, then FORMAT and samples, separated by tabs
chrom-line-format|header|invalid|sample columns without a FORMAT column before them|FORMAT as the ninth column
chrom-line-no-samples|header|nonconformant|a FORMAT column without any sample|at least one sample after FORMAT, or no FORMAT
sample-name-repeated|header|invalid|two sample columns have the same name|each sample once
sample-name-empty|header|invalid|a sample column has no name|a name for each sample column
meta-key-value|header|nonconformant|a meta-information line is not a key and a value|##key=value
meta-value-empty|header|nonconformant|a meta-information line has no value|##key=value
meta-structure|header|nonconformant|the list between < and > is broken: not closed, an item without =, or an unbalanced quotation mark|##KEY=<ID=id,Key=value,Description="text">, quotation marks in the text as \\"
declaration-broken|header|invalid|a field's declaration is not closed by >, so what it declares is not sure|##INFO=<ID=id,Number=n,Type=t,Description="text">
declaration-id|header|invalid|a field's declaration has no ID|ID=, then Number=, Type= and Description=
declaration-number|header|invalid|Number is none that the specification has|a whole number, A, R, G or . (FORMAT of 4.4: P; of 4.5: LA, LR, LG, M)
declaration-type|header|invalid|Type is none that the specification has|Integer, Float, Flag (INFO only), Character or String
declaration-order|header|nonconformant|the keys of a declaration are not in their order|ID, Number, Type, Description
declaration-description|header|nonconformant|Description is missing or not in quotation marks|Description="text"
declaration-repeated|header|nonconformant|a field is declared twice, and differently; the first one counts|one declaration for each ID
number-of-later-version|header|nonconformant|Number is one that came with a later version than the file states|Number=A and G from 4.1, R from 4.2, P from 4.4, LA, LR, LG and M from 4.5
format-flag|header|nonconformant|a FORMAT field is declared as Flag|Integer, Float, Character or String
flag-number|header|advice|a Flag is declared with another Number than 0|Number=0
reserved-type|header|nonconformant|a reserved field is declared with another Type than the specification's|the Type of the specification's table
reserved-number|header|nonconformant|a reserved field is declared with another Number than the specification's|the Number of the specification's table
meta-id|header|nonconformant|the line has no ID|ID= as the first key
filter-id|header|nonconformant|the ID of a FILTER line is reserved, or has whitespace, a comma or a semicolon|an ID other than 0
alt-id|header|nonconformant|the ID of an ALT line has whitespace, a comma or an angle bracket|DEL, INS, DUP, INV, CNV, with subtypes after colons
alt-id-type|header|nonconformant|the ID of an ALT line does not begin with a type of structural variant|DEL, INS, DUP, INV, CNV, with subtypes after colons (from 4.3 also any ID without colon)
alt-keys|header|nonconformant|an ALT line has Number or Type, which belong to INFO and FORMAT|##ALT=<ID=type,Description="text">
contig-id|header|nonconformant|the name of a contig has whitespace, a comma, a bracket or a quotation mark, or begins with * or =|a name of printable characters without \\ , " ' ` ( ) [ ] { } < >
contig-id-asterisk|header|nonconformant|the name of a contig has an asterisk (4.3 as first published; HLA names have one)|a name without *
contig-length|header|nonconformant|the length of a contig is not a whole number|length=n
contig-repeated|header|nonconformant|a contig is declared twice, with different lengths|one ##contig line for each name
sample-line-genomes|header|nonconformant|a SAMPLE line has no Genomes|##SAMPLE=<ID=id,Genomes=g1;g2,Mixture=n1;n2,Description="d1;d2"> (4.1, 4.2)
sample-line-quotes|header|nonconformant|a value of a SAMPLE line other than Description is in quotation marks|quotation marks around Description alone (4.1, 4.2)
sample-line-id|header|nonconformant|the ID of a SAMPLE line has whitespace, a comma or a character that identifiers do not have|letters, digits, _ . and -
pedigree-value|header|nonconformant|a value of a PEDIGREE line is no identifier|letters, digits, _ . and - in names of samples
meta-line-number|header|nonconformant|Number of a META line is none that the specification has|a whole number or .
meta-line-type|header|nonconformant|Type of a META line is none that the specification has|Integer, Float, Character or String
meta-line-values|header|nonconformant|Values of a META line are not in square brackets|Values=[value, value]
meta-line-order|header|nonconformant|a META line does not begin with ID|ID= as the first key
url|header|nonconformant|a location is no URL with a host that can be one|scheme://host/path, the host a name or an address of four numbers
file-last-line|file|nonconformant|the last line has no line end: the file may be cut off|a line end after the last record
record-empty|record|advice|a line is empty; it is no record|no empty lines
record-utf8|record|invalid|the record is not UTF-8|UTF-8 text
record-control|record|invalid|the record has a control character|text; tabs between columns alone
columns-count|record|invalid|the record has another number of columns than the #CHROM line|as many columns as the #CHROM line, separated by tabs
column-empty|record|nonconformant|a column is empty|. where there is no value
chrom-name|record|invalid|the contig is empty, or its name has whitespace, a comma, a bracket or a quotation mark|a name without whitespace and brackets, or <name> of the assembly file
chrom-asterisk|record|nonconformant|the contig's name has an asterisk (4.3 as first published; HLA names have one)|a name without *
pos-number|record|invalid|POS is not a whole number of 0 or more|a position from 1; 0 and length+1 for telomeres
pos-range|record|invalid|POS is beyond 2147483647|a position from 1 to 2147483647
id-whitespace|record|nonconformant|ID has whitespace|identifiers without whitespace, separated by semicolons
id-empty|record|nonconformant|an identifier in ID is empty|identifiers separated by single semicolons
id-repeated|record|nonconformant|an identifier stands twice in ID|each identifier once
ref-missing|record|invalid|REF is missing|at least one base: A, C, G, T or N
ref-several|record|invalid|REF has several alleles|one allele; alternates stand in ALT
ref-bases|record|invalid|REF has a character that is no base|A, C, G, T or N
ref-ambiguous|record|nonconformant|REF has an ambiguity code|A, C, G, T or N; other codes are written as N or as their first base
alt-empty|record|invalid|an allele of ALT is empty|alleles separated by single commas, or .
alt-bases|record|invalid|an allele of ALT is none|bases A, C, G, T, N, *, <ID>, a breakend, or .
alt-ambiguous|record|nonconformant|ALT has an ambiguity code|A, C, G, T or N
alt-symbolic|record|invalid|a symbolic allele of ALT has brackets, whitespace or a comma within|<ID>
alt-breakend|record|invalid|a breakend of ALT is malformed|bases before or after ]contig:position] or [contig:position[
alt-missing|record|nonconformant|a missing allele stands beside others in ALT|. alone
alt-repeated|record|nonconformant|an allele stands twice in ALT|each allele once
alt-is-ref|record|nonconformant|an allele of ALT is REF|alleles other than REF
qual-number|record|invalid|QUAL is not a number|a number, or .
qual-negative|record|nonconformant|QUAL is below 0, and no probability|a Phred-scaled number of 0 or more, or .
filter-whitespace|record|nonconformant|FILTER has whitespace|PASS, ., or filters separated by semicolons
filter-empty|record|nonconformant|a filter in FILTER is empty|filters separated by single semicolons
filter-missing|record|nonconformant|FILTER has . beside a filter|. alone
filter-zero|record|nonconformant|FILTER has 0, which is reserved|PASS, ., or names of filters
filter-repeated|record|nonconformant|a filter stands twice in FILTER|each filter once
filter-pass|record|advice|FILTER has PASS beside a filter|PASS alone
info-whitespace|record|nonconformant|INFO has whitespace where the file's version has none|no whitespace (from 4.3: in values alone)
info-empty|record|nonconformant|an item of INFO is empty|key=value, separated by single semicolons
info-key|record|nonconformant|a key of INFO has characters that the specification does not have in keys|letters, digits, _ and ., not beginning with a digit (but 1000G)
info-key-repeated|record|invalid|a key stands twice in INFO, so which value counts is not known|each key once
info-type|record|invalid|a value of INFO is not of its Type|values of the declared Type (of a reserved key: the specification's)
info-range|record|invalid|a whole number of INFO is beyond 32 bits|-2147483640 to 2147483647
info-character|record|nonconformant|a value of Type Character is longer than one character|one character
info-number|record|nonconformant|INFO has another number of values than Number says|as many as Number says: A one for each ALT, R one for each allele
info-negative|record|invalid|a count or frequency of INFO is below 0|0 or more
info-frequency|record|nonconformant|an allele frequency is above 1|0 to 1
info-flag|record|nonconformant|a Flag of INFO has a value|the key alone
info-flag-stated|record|advice|a Flag of INFO has the value 0 or 1; it counts as set|the key alone, or no key
info-value|record|nonconformant|a key of INFO that is no Flag has no value|key=value
info-cigar|record|nonconformant|a value of CIGAR is no CIGAR string|numbers, each with one of M I D N S H P X =
info-svclaim|record|nonconformant|a value of SVCLAIM is none of the specification's|D, J or DJ
info-end|record|advice|END lies before POS|a position from POS on
format-empty|record|invalid|a key of FORMAT is empty, so what its values are is not known|keys separated by single colons
format-key|record|nonconformant|a key of FORMAT has characters that the file's version does not have in keys|letters and digits (from 4.3 also _ and .), not beginning with a digit
format-key-repeated|record|invalid|a key stands twice in FORMAT|each key once
format-gt-first|record|nonconformant|GT is not the first key of FORMAT|GT first
sample-fields|record|invalid|a sample has more values than FORMAT has keys|as many as FORMAT has keys, or fewer at the end
sample-empty|record|nonconformant|a sample's column or value is empty|. where there is no value
gt-syntax|record|invalid|a genotype is none|allele numbers or ., separated by / or |
gt-allele|record|invalid|a genotype names an allele that the record does not have|0 for REF, then up to the number of alleles in ALT
gt-allele-missing|record|advice|a genotype names the alternate allele, but ALT is .|an allele in ALT
sample-type|record|invalid|a sample's value is not of its Type|values of the declared Type (of a reserved key: the specification's)
sample-range|record|invalid|a sample's whole number is beyond 32 bits|-2147483640 to 2147483647
sample-character|record|nonconformant|a sample's value of Type Character is longer than one character|one character
sample-number|record|nonconformant|a sample has another number of values than Number says|as many as Number says: A one for each ALT, R for each allele, G for each genotype of the sample's ploidy
sample-negative|record|invalid|a sample's depth is below 0|0 or more
pos-order|record|nonconformant|POS is smaller than the one before it|positions in increasing order within a contig
chrom-contiguous|record|nonconformant|a contig's records go on after another contig's|all records of a contig together
record-repeated|record|nonconformant|the variant stands in the file already, perhaps written in another way|each variant once
undeclared-info|record|advice|INFO has a key that the header does not declare; it is kept as text|an ##INFO line for it
undeclared-format|record|advice|FORMAT has a key that the header does not declare; it is kept as text|a ##FORMAT line for it
undeclared-filter|record|advice|FILTER has a filter that the header does not declare|a ##FILTER line for it
undeclared-contig|record|advice|the header declares contigs, but not this one|a ##contig line for it
"""


def _row(line: str) -> Rule:
    rule_id, place, verdict, wrong, legal = line.split("|", 4)
    return Rule(rule_id, place, Verdict[verdict.upper()], wrong, legal)


RULES: dict[str, Rule] = {rule.rule_id: rule for rule in map(_row, _ROWS.strip().splitlines())}
"""All rules by id."""


@dataclass(frozen=True)
class Found:
    """One finding: nothing of a value.

    Attributes:
        rule: the rule's id.
        line: the line, from 1 (for BCF the record); 0 for the file as a whole.
        field: a column, `INFO/key`, `FORMAT/key`, or the kind of a header line (`##INFO`); keys only where they are
            declared or reserved.
    """

    rule: str
    line: int
    field: str = ""

    @property
    def verdict(self) -> Verdict:
        """The rule's verdict."""
        return RULES[self.rule].verdict
