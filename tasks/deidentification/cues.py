"""What stands beside names of people: titles, relations, labels, credentials, particles, verbs."""

from __future__ import annotations

import re

from tasks.deidentification.tokens import Text, Token

TITLES = frozenset(
    "dr drs mr mrs ms miss mx prof professor doctor nurse sister rev reverend pastor father rabbi judge cna "
    "officer trooper detective deputy sheriff sergeant lieutenant captain imam deacon fr bishop attorney coach capt "
    "sgt chaplain patient pt client md np pa pharmacist resident attending".split()
)
SURE_TITLES = frozenset("dr drs mr mrs ms miss mx prof professor".split())
HEARD_TITLES = frozenset("doctor pastor rabbi imam chaplain officer trooper".split())
"""Titles that ordinary words follow as well: in capitals they tell nothing of those."""
RELATIONS = frozenset(
    "husband wife son daughter mother father brother sister partner spouse friend neighbor neighbour "
    "boyfriend girlfriend fiance fiancee aunt uncle cousin niece nephew grandson granddaughter grandmother "
    "grandfather mom dad stepson stepdaughter stepmother stepfather roommate caregiver guardian interpreter "
    "aide therapist counselor twins twin named name nicknamed called goes widow widower ex-husband ex-wife "
    "daughter-in-law son-in-law mother-in-law father-in-law brother-in-law sister-in-law grandma grandpa grandparents "
    "grandkids children child kids baby infant newborn sons daughters brothers sisters siblings aunts uncles cousins "
    "friends "
    "parents lawyer attorney supervisor worker landlord landlady teacher principal coach sponsor boss manager "
    "employer coworker "
    "co-worker classmate colleague colleagues partners assistant secretary payee liaison representative rep "
    "technician tech scribe intern "
    "fellow student technologist transporter sitter babysitter nanny psychologist psychiatrist dentist podiatrist "
    "optometrist nephrologist urologist hygienist coordinator adjuster trustee executor advocate pastor priest "
    "minister "
    "rabbi imam deacon minister firefighter medic paramedic driver barber tenant victim suspect assailant "
    "surrogate agent alternate proxy".split()
)
LABELS = frozenset(
    "patient pt name attending provider physician surgeon pcp author by cc to resident fellow nurse assistant "
    "contact kin proxy guardian interpreter re spouse mother father wife husband son daughter referring "
    "consultant anesthesiologist anesthetist cosigner cosigned signed dictated transcribed reviewed "
    "radiologist pathologist hospitalist agent member clinician practitioner pharmacist therapist "
    "transcriptionist dictator requester doctor md rn witness relative subscriber insured guarantor employer "
    "informant operator technologist preceptor supervisor cardiologist oncologist neurologist requesting submitting "
    "caller "
    "from source routed referred ordering collector reader scribe taken completed forwarded circulator assist "
    "assistance liaison "
    "intern student author primary sender recipient attn copies copy secretary worker pharmd parent caretaker next "
    "emergency "
    "interviewer evaluator reporter reported examiner client dear prepared verified performed read drawn given "
    "endoscopist "
    "dentist ophtho ophthalmologist optometrist allergist endocrinologist dermatologist gastroenterologist "
    "psychiatrist "
    "psychologist podiatrist urologist nephrologist rheumatologist hematologist pulmonologist pediatrician "
    "midwife doula "
    "obstetrician scrub ex kids rep judge teacher principal coach neighbor friend brother sister siblings grandmother "
    "grandfather aunt uncle cousin landlord sponsor payee roommate aide counselor chaplain social "
    "anesthesia circulating tech sitter seen covering accepting sending dictating submitted supervising".split()
)
ACTS = frozenset(
    "signed seen evaluated examined dictated transcribed reviewed performed verified authored cosigned "
    "approved referred followed read interpreted entered edited prepared written ordered accompanied assisted "
    "supervised staffed attested administered placed removed completed obtained brought driven told spoke met "
    "discussed talked visited contacted".split()
)
WORD_LEADS = (
    SURE_TITLES
    | HEARD_TITLES
    | RELATIONS
    | TITLES
    | LABELS
    | {"by", "with", "to", *"van von de la der den del di da dos du le el al bin ibn ten ter".split()}
)
CREDENTIAL = re.compile(
    r"(?:[ \t]*,[ \t]*|[ \t]+)\(?(?:M\.?D|D\.?O|R\.?N|N\.?P|P\.?A(?:-C)?|Ph\.?D|PHD|LCSW|LICSW|MSW|DDS|DMD|DPM|OD|"
    r"Pharm\.?D|PHARMD|CRNA|CNM|FNP(?:-\w+)?|APRN|ARNP|LPN|LVN|CNS|CNA|BSN|MSN|DNP|RD|RDN|PT|DPT|OT|OTR(?:/L)?|SLP|RT|"
    r"RRT|EMT|MBBS|FACP|FACS|FACC|FAAFP|Esq|MA|CMA|RMA|CST|CCM|LSW|LMSW|LMFT|LPC|LCPC|LCSW-\w|LISW|ACNP(?:-\w+)?|"
    r"AGNP(?:-\w+)?|PMHNP|WHNP|"
    r"MS[34]|MS ?IV|PGY-?\d|PsyD|EdD|MPH|MBA|MEd|RPh|BCPS|CPhT|CHW|CTRS|CCC-SLP|RDMS|APP|QMHP)\b(?!\s*:)"
)
GENERATION = re.compile(r"[ \t]*,?[ \t]+(?:Jr|Sr|II|III|IV)\b\.?")
PARTICLES = "van von de la der den del di da dos du le el al bin ibn ten ter"
PARTICLE_WORDS = frozenset(PARTICLES.split())
TITLED = re.compile(
    rf"\b(?:drs?|mr|mrs|ms|miss|prof|doctor)\.?[ \t]+(?:(?:(?:{PARTICLES.replace(' ', '|')}|st\.?)[ \t]+|al-|el-|"
    rf"ben-)){{1,2}}$"
)
LEADING = r"(?:S[Tt]\.[ \t]*|(?:[AaEe][Ll]|[Bb]en)-|M[Aa]?c[ \t]+)"
PARTICLE = "(?:" + "|".join(f"[{p[0].upper()}{p[0]}]{p[1:]}" for p in PARTICLES.split()) + ")"
JOIN = re.compile(
    rf"[ \t]+|[ \t]*-[ \t]*|[ \t]+(?:[A-Z]\.?[ \t]+){{1,2}}|[ \t]+(?:{PARTICLE}[ \t]+){{1,2}}"
    rf"|[ \t]+(?:[A-Z]\.?[ \t]+)?{LEADING}"
    r"|[ \t]*/[ \t]*|\d{1,4}[ \t]+|-[^\W\d_]{2,}[ \t]+(?:[A-Z]\.?[ \t]+)?"
)
COMMA = re.compile(r"[ \t]*,[ \t]*|\^")
INITIAL_BEFORE = re.compile(
    rf"(?<![\w.'])(?![AI][ \t])[A-Z](?:\.[ \t]*|[ \t]+)(?:[A-Z]\.[ \t]*){{0,2}}(?<=[. \t])(?:{PARTICLE}[ \t]+|"
    rf"{LEADING}){{0,2}}$"
    rf"|(?<![\w'])(?:{PARTICLE}[ \t]+|{LEADING}){{1,2}}$"
)
INITIAL_AFTER = re.compile(
    r"(?:,?[ \t]+[A-Z](?:\.(?![A-Z])|(?=[ \t]*(?:[,;|/()]|$|\n)|[ \t]{2}|\t"
    r"|[ \t]+(?:MD|DO|RN|NP|PA|MA|PhD|LPN|Jr|Sr|II|III)\b))){1,2}"
)
DOSE = re.compile(
    r"['\u2019]?\w*[ \t]*(?:\(|\[)?[ \t]*\d+(?:\.\d+)?[ \t]*(?:mg|mcg|g|ml|units?|iu|%|meq)\b"
    r"|[ \t]+(?:tablets?|tabs?|capsules?|injection|cream|inhaler|pen|patch|drops|spray|suspension|ointment|infusion|"
    r"therapy)\b"
)
DAILY = re.compile(r"[ \t]+(?:daily|bid|tid)\b")
MEDICAL_ENDS = tuple(
    (
        "itis osis emia uria oma pathy ectomy otomy ostomy plasty scopy graphy gram algia megaly rrhea plegia paresis "
        "trophy plasia philia penia lysis stasis cillin mycin cycline azole olol pril sartan statin mab nib vir tide "
        "gliptin gliflozin prazole azepam zolam barbital caine dronate setron triptan thiazide floxacin sone solone "
        "lukast parin grel xaban"
    ).split()
)
VERB = re.compile(
    r"[ \t]+(?:reports?|reported|states?|stated|denies|denied|says?|said|presents?|presented|complains?|lives|called|"
    r"calls|came|returned|returns|tolerated|ambulated|verbalized|agrees?|agreed|asked|asks|told|notes|noted|endorses|"
    r"refused|will (?:call|follow|return|see|need|be|continue|have)|was (?:seen|admitted|discharged|born|transferred)|"
    r"(?:is|was|has been) \w+(?:ed|ing|en)\b|is an? \d+|has been|c/o|prefers|wants|needs|feels|takes|requests|"
    r"requested|continues to|remains|understands|declines|declined|did|does|who|arrived|visited|works|tells|calling|"
    r"checks|aware|notified|paged|made aware|at bedside|to cover|covering|covers|responded|concurs?|updated|informed|"
    r"relieved|helped|assisted|answered|suggested|recommends?|recommended|wrote|ordered|to see|"
    r"told|thinks|feels|likes|hopes|enjoys|moved|died|passed|smokes|drinks|sleeps|eats|walks|"
    r"drove|brought|accompanied)\b"
)
ROLES = frozenset(
    "md do rn np pa phd hospital clinic medical center university practitioner physician surgeon nurse "
    "manager coordinator attending resident fellow service team unit department office phone fax date time "
    "patient room street avenue road age sex dob mrn visit note report provider signed electronically page "
    "ems vna neurology cardiology oncology urology surgery gi pharmacy tel dob lpn lvn rm mrn fax ext acct cell lab "
    "labs "
    "best regards sincerely thanks thank warmly yours truly dear cordially respectfully kind "
    "radiology pathology dermatology nephrology psychiatry pediatrics orthopedics ortho ent ob gyn icu ed er or "
    "loc sex admitted referring requesting submitting copy caller doctor drs lcsw msw lpn cna "
    "admission discharge male female address account test sign disease syndrome notified aware updated "
    "present here called agrees is was has and or the with for from".split()
)
COMPOUND = re.compile(r"-[a-z]{3,}")
COLOURS = frozenset("black white brown green grey gray blue".split())
MIXED = re.compile(r"(?<!Mc)(?<!Mac)(?<!De)(?<!La)(?<!Le)(?<!Di)(?<!Fitz)(?<=[a-z])[A-Z]")
HYPHENED = re.compile(r"(?:-[^\W\d_]{2,})+")
DIGITS = re.compile(r"\d{1,4}")
ARTICLE_JOIN = re.compile(rf"[ \t]+[AI][ \t]+(?:(?:{PARTICLE}[ \t]+|{LEADING}){{1,2}})?")
SMALL_JOIN = re.compile(r"[ \t]+[a-z]\.?[ \t]+")
SMALL_AFTER = re.compile(r",?[ \t]+(?!w/)[b-z](?:\.(?![a-z])|(?=[ \t]*(?:[,;|/()]|$|\n)|[ \t]{2}|\t))")
ENDS_NAME = re.compile(r"['\u2019]s|[ \t]*(?:[,.;:()/|\n]|$)|[ \t]{2}|[ \t]+-")
MONTH_NAMES = frozenset("march april may june august".split())
DAY_AFTER = re.compile(r"[ \t]+(?:of[ \t]+)?\d|/\d")
BELONGS = re.compile(
    r"['\u2019]s (?:wife|husband|spouse|mother|father|mom|dad|sister|brother|son|daughter|sons|daughters|family|"
    r"parents|children|"
    r"boyfriend|girlfriend|partner|aunt|uncle|friend|prior|last|recent|current|previous|home|blood|pain|labs?|"
    r"medications?|meds|"
    r"symptoms|condition|care|diagnosis|appointment|visit|refill|insurance|school|room|roommate)\b"
)


def is_heading(seen: Text, token: Token) -> bool:
    """Whether the token is itself a label ("Consultant:"), or a relation ("Ex-husband")."""
    return (token.low in LABELS and seen.text[token.end : token.end + 1] == ":") or token.low in RELATIONS


BY_INITIAL = re.compile(r"(?:[a-z(/\-][ \t]?|^)[A-Z]\.[ \t]?(?:[A-Z]\.[ \t]?)?$")
TYPIST = re.compile(r"/[a-z]{2,3}[ \t]*$", re.MULTILINE)
"""After the name of who dictated, at a line's end: who typed."""
CALLED_SO = frozenset(
    "pcp rt phleb phlebotomist rep judge ex sgt cpl pvt pfc maj adm sen gov ptot fr br hon".split()
)
"""Words before a name that are no titles, or not always."""
DISCUSSED = frozenset(
    "plan discussed case reviewed spoke d/c'd seen rounded staffed appt appointment findings results meeting".split()
)
