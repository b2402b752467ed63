# ruff: noqa: E501 - sentences are easier to read on one line
"""The third set: referrals, letters, radiology, therapy, school and court reports."""

from benchmarks.labelled_notes.documents.seventh_notes import CLINICAL

_REFERRAL = (
    "{hospital}\n{street}\n{city}, MN {zip}\nPh {phone} | Fax {fax}\n\n{day}\n\n{e.full}, MD\n{hospital}\n{box}\n{city}, ND {zip}\n\nRE: {p.full}   DOB {dob}   Our ref: {id}\n\nDear <Dr. |Doctor >{e.last}:",
    (3, (
        "Thank you for agreeing to see {p.first}, a pleasant {age}-year-old <man|woman> whom I have followed since {year}.",
        "I had the pleasure of meeting Mr. {p.last} and his partner {r.first} on {day}.",
        "As you know, {p.first} saw your colleague {x.full} at {short} in {monthyear}.",
        "His mother, {r.full}, accompanied him. They live in {city}, and he attends {hospital}.",
        "She continues to work for {employer} despite her symptoms, which worsened after {holiday}.",
        "I have copied Dr. {x.last} at {hospital}, who performed her surgery on {date}.",
        "Please contact my nurse, {x.first}, at {phone} with any questions.",
        "He was treated at {hospital} in {city} from {stamp} to {stamp}.",
        "Mrs. {p.last} tells me that {s.first}, her eldest, has the same condition.",
    )),
    (3, CLINICAL),
    (1, ("<Kind regards|Best|With thanks|Sincerely>,\n\n{d.full}, MD\n\ncc: {x.full}, MD ({hospital})\n    {p.full}\n{d.ini3}:{t.ini_low}", "Warm regards,\n{d.first}\n\nDictated but not read\nD: {stamp}  T: {stamp}  {d.ini3}/{t.ini_low}", "Respectfully,\n{d.il2}\nEnclosures: 2\ncc: Drs. {x.last}, {x.last} and {x.last}")),
)  # fmt: skip

_RADIOLOGY = (
    "IMAGING REPORT  {hospital}\nName: {p.rev_caps}   Sex: <M|F>   Age: {age}\nMRN {mrn}   Acc# {acc}\nReferring: {e.rev}   Exam date: {stamp}",
    "<MR LUMBAR SPINE|CT ABDOMEN PELVIS|XR CHEST 2 VIEWS|US THYROID> <WITHOUT CONTRAST||>",
    (3, (
        "COMPARISON: {date}; outside study from {short} dated {day}.",
        "CLINICAL HISTORY: {age} year old with pain, per Dr. {e.last}'s office.",
        "Comparison is made to films of {day} from {hospital}.",
        "FINDINGS: Stable 6 mm nodule since {monthyear}. No new lesion. Degenerative change at L4-L5.",
        "IMPRESSION: No acute finding. Critical result phoned to {x.full} by {x.full} at 1422 on {shortdate}.",
        "Findings discussed with {x.first} {x.last}, PA, on {stamp} at 3:15 PM.",
        "Images reviewed with Dr. {x.last}, who agrees. Addendum {shortdate}: see above.",
        "TECHNOLOGIST: {t.first} {t.last}. Scanner serial {id}. Dose 430 DLP.",
        "Protocoled by {x.last}. Contrast given by {x.ini}, RN.",
    )),
    (2, CLINICAL),
    (1, ("Signed by: {d.rev} MD on {stamp} 16:40", "Interpreted by {d.full}, M.D.\nTranscriptionist: {t.ini}\nFinalized {stamp}", "Read: {d.ini3} / Typed: {t.ini_low} {stamp}", "{d.il} / {x.il}")),
)  # fmt: skip

_THERAPY = (
    "<PHYSICAL|OCCUPATIONAL|SPEECH> THERAPY EVALUATION\nPatient: {p.first} {p.last}\tDate: {stamp}\tMD: {d.last}\nInsurance ID: {id}\tVisit 1 of 12",
    (4, (
        "Subjective: {p.first} reports her husband {r.first} does stairs for her. Wants to return to {employer}.",
        "PLOF: Independent; bowls at {city} league w/ friend {x.nick}.",
        "Home: 2 story w/ 4 STE in {city}; son {s.first} lives 10 min away.",
        "Goal: ambulate 150 ft by {shortdate}. Reassess {day}.",
        "HEP given; {r.first} return-demonstrated. Next appt w/ {x.first} {shortdate}.",
        "Pt seen w/ student {x.full} (supervised by {t.last}).",
        "Discussed POC w/ {d.full} via secure chat {stamp}.",
        "Adaptive equipment vendor: {x.first} at {employer}, {phone}.",
        "Pt c/o 6/10 pain since fall on {weekday}, {shortdate}.",
        "Teacher, Mrs. {x.last}, at {hospital} reports difficulty w/ writing.",
    )),
    (2, CLINICAL),
    (1, ("{t.full}, PT, DPT  Lic# {id}", "{t.full} OTR/L {stamp}", "{t.il} MS CCC-SLP", "Therapist: {t.full}\nMD signature: ____ {d.full}")),
)  # fmt: skip

_SOCIAL = (
    "PSYCHOSOCIAL ASSESSMENT\nClient: {p.full}, AKA \"{p.nick}\"   DOB: {dob}   SSN: {ssn}\nInterviewed: {p.first}; mother {r.full}; probation officer {x.full}",
    (5, (
        "{p.first} grew up in {city}, the youngest of {s.first}, {u.first} and {x.first}'s four.",
        "Dropped out of {hospital} in 11th grade; GED {year}. Worked at {employer}, then {employer}.",
        "Served 4 years (Navy), stationed at {city}. VA claim {id}.",
        "Partner {x.first} is incarcerated in {city}; inmate # {id}. Court date {day} before Judge {x.last}.",
        "CPS worker {x.full} ({phone}) placed {s.first} with aunt {x.first} on {date}.",
        "Evicted from {street} in {month}; staying at {hospital}.",
        "Benefits: SSI, SNAP case {id}. Payee: {x.full}.",
        "AA sponsor {x.fi} meets {weekday}s at {hospital}.",
        "License {id} suspended; drives a blue Chevy, tag {plate}, VIN {vin}.",
        "Best friend {x.nick} died {shortdate}; grief since. Funeral at {hospital}.",
        "{p.first}'s ex, {x.full}, has custody. Visits every other {weekday}.",
        "Instagram {url}; gaming login from {ip}.",
        "Referred by {x.full} of {hospital}; ROI signed {stamp}.",
        "Spanish speaking; interpreter #{id} ({x.first}) used.",
    )),
    (1, ("{t.full}, LMSW {stamp}", "SW: {t.ini}", "{t.first} {t.last}, LCSW\n{hospital} | {phone}", "Supervised by {d.full}, PhD")),
)  # fmt: skip

_CLINIC = (
    "OFFICE VISIT {stamp}\n{p.full} | {age} | {mrn} | {d.full}",
    (4, (
        "{p.first} here w/ {r.first} for f/u. Last seen {date} by {x.first}.",
        "Interim: ER visit {short} {shortdate} for syncope; discharged by {x.last}.",
        "Saw {x.full} (GI, {hospital}): colonoscopy {monthyear} nl.",
        "Wife says he snores. She is a nurse at {short}. They winter in {city}.",
        "Works nights at {employer}. Vapes. Plays softball.",
        "Needs form for {employer} ({x.full}, HR) by {shortdate}.",
        "Had flu shot {month}. Mammo {date} at {hospital}.",
        "Mom {s.first} died in {season} at age {age90}. Stressed.",
        "Labs drawn {weekday} at {hospital}; faxed to {fax}.",
        "I spent 40 min with {p.first} and {r.first}. RTC {month}.",
        "Cardiology per {x.last}; endo per {x.last}; both notes reviewed.",
        "Allergist: {x.full}. Dentist: {x.last}. Ophtho: {x.first} {x.last}, {city}.",
    )),
    (3, CLINICAL),
    (1, ("{d.full}, MD", "{d.ini} {stamp}", "Scribed by {t.full} for {d.full}", "{d.last}/{t.ini_low}", "cc: {x.last}, {x.last}")),
)  # fmt: skip

_OPERATION = (
    "PROCEDURE NOTE\nPATIENT: {p.full_caps}\nDATE: {day}\nSURGEON: {d.full}\nASSISTANTS: {x.full}; {x.full}, PA-C\nANESTHESIA: General, {x.last}\nLOCATION: {hospital}",
    (4, CLINICAL),
    (3, (
        "Time-out performed by {n.first}, {x.first} and myself. Site marked by {d.last}.",
        "Implant: Zimmer, lot {id}, ref {id}. Specimen {acc} to path.",
        "The family ({r.first}) was updated in the waiting room by {x.full}.",
        "Dr. {x.last} was present for the key portion. Counts correct per {x.first} and {n.first}.",
        "Rep {x.full} from Stryker in room. Circulator: {x.full}. Scrub: {x.nick}.",
        "Follow up in {city} office {weekday} {shortdate}, {phone}.",
    )),
    (1, ("{d.full}, MD, FACS\nDICT: {stamp}  TRANS: {stamp}\n{d.ini3}/{t.ini_low}/{id}", "{d.ini3}/{t.ini}\ncc: {e.full}", "Dictated by {x.full}, PGY4, for {d.last}")),
)  # fmt: skip

DOCUMENTS = (_REFERRAL, _RADIOLOGY, _THERAPY, _SOCIAL, _CLINIC, _OPERATION)
