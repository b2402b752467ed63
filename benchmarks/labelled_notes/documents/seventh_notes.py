# ruff: noqa: E501 - sentences are easier to read on one line
"""The third set: wards, transfers, homes and telephones, in tables and headings."""

_CLINICAL = (
    "Exam: A&O x4, NAD. Heart: regular, S1 S2. Lungs: diminished at bases. Abdomen: protuberant, no rebound. Skin: warm, dry.",
    "Home medications: Tresiba 20 units qhs, Jardiance 10 mg, Entresto 24/26 mg BID, Farxiga, Ozempic weekly, Trelegy Ellipta 1 puff daily.",
    "| Test | Result | Flag |\n| Sodium | 131 | L |\n| Potassium | 5.2 | H |\n| Creatinine | 1.8 | H |\n| Hemoglobin | 9.4 | L |",
    "Impression: Crohn's colitis, Raynaud phenomenon, Meniere disease, Bell's palsy, Alzheimer dementia with Lewy bodies.",
    "Lines: R IJ Cordis, L radial A-line, Foley to gravity, Dobhoff tube at 65 cm, Blake drain x2 to bulb suction.",
    "Tests ordered: Coombs, Kleihauer-Betke, Widal, Epstein-Barr serology, Western blot, Pap smear, Gram stain, Holter monitor.",
    "Positive Hawkins and Neer. Negative Spurling, Hoffmann and Romberg. Tinetti 18/28, Berg 40/56. Rancho level VI.",
    "Cushing triad absent. Kernig and Brudzinski negative. Cheyne-Stokes breathing noted overnight. Kussmaul respirations resolved.",
    "Fluids: Lactated Ringer's at 100 mL/hr. Diet: Full Liquid, Nectar Thick. Weight Bearing As Tolerated. Fall Precautions. Contact Isolation.",
    "Wound: Unna boot changed. Montgomery straps. Aquacel Ag to Wagner grade 2 ulcer. Braden 14. Norton scale 12.",
    "Dx: Wegener granulomatosis, Addison disease, Takotsubo cardiomyopathy, Guillain-Barre syndrome, Wolff-Parkinson-White.",
    "Imaging: Schmorl node at L2, Bankart lesion, Hill-Sachs deformity, Salter-Harris II fracture, Lisfranc injury, Colles fracture.",
    "Psych: Wellbutrin, Abilify, Lithium. Beck Depression Inventory 22, Young Mania 8. Denies Auditory or Visual Hallucinations.",
    "Labor: Bishop score 8, Leopold maneuvers vertex, Pitocin started, Braxton Hicks contractions, Category I tracing, Apgar 9/9.",
    "Home health: Physical Therapy, Occupational Therapy, Speech. DME: Rollator, Hoyer lift, Bedside Commode. Oxygen 2 L via Nasal Cannula.",
    "Onc: Ann Arbor stage II Hodgkin lymphoma, Reed-Sternberg cells seen. R-CHOP cycle 3. ECOG 1. Deauville 2. Karnofsky 80.",
    "Vent: AC 14/450/5/40%. ABG 7.38/42/88. Mallampati III. Cormack-Lehane grade 2. Macintosh 3 blade. 7.5 ETT at 22 cm.",
    "Ophtho: Snellen 20/40 OD, Goldmann 16, Humphrey fields full, Schirmer 8 mm, Amsler normal, Marcus Gunn pupil absent.",
    "Results 120/80, 3/4 strength on the left, 5/5 on the right; 2/6 systolic murmur; ate 1/2 of lunch; pain 4/10; 1/2 tab.",
    "Will follow. May advance diet. Can resume work. Mark the spot. Hope to wean. Bill sent. Sue denied. Rich in iron. Low Back Pain. Dry Eye.",
)

_TRANSFER = (
    "INTERFACILITY TRANSFER FORM\nSending Facility: {hospital}\nReceiving Facility: {hospital}\nPatient Name: {p.rev}    DOB: {dob}    MRN: {mrn}\nAccepting MD: {d.full}    Report called to: {n.full}, RN at <0915|2240>",
    (1, ("Reason for transfer: higher level of care; accepted by Dr. {d.last} of {short}.", "Pt transferred from {short} ED to {hospital} on {day} for PCI.", "Mode: ground ambulance ({city} Fire, Medic {x.last}). Departed {stamp} 03:12.")),
    (4, _CLINICAL),
    (4, (
        "Next of kin: {r.full} (<wife|son|POA>) {phone}; notified {stamp}.",
        "Advance directive: yes, copy w/ chart, agent {s.full}, {phone}.",
        "Belongings: glasses, dentures, cell phone, sent home with {s.first}.",
        "Family lives in {city}; daughter {s.first} flying in from {city} on {weekday}.",
        "Payer: <Aetna|Humana|Cigna> policy {id}; Medicare # {id}; auth {id} per {x.first}.",
        "Recent procedures: EGD {shortdate} ({e.last}), PICC placed {shortdate} by IR, cath {date}.",
        "Immunizations: flu {monthyear}; COVID booster {date}.",
        "Isolation: MRSA nares + {shortdate}. Last dose heparin {shortdate} at 0600.",
        "Lives at {hospital}, room {room}, since {month} {year}.",
        "Works for {employer}. <Formerly with|Previously at> {employer} in {city}.",
        "Dialysis TTS at {hospital}; nephrologist {x.il}; next run {weekday}.",
        "Ambulatory w/ walker; implanted device: Medtronic, serial # {id}, followed at {hospital}.",
    )),
    (1, ("Completed by: {n.full}, RN  {stamp}  <0410|2215>\nReviewed: {d.ini3}", "Sending MD signature: {d.full}, DO   Date {stamp}", "RN: {n.ini}   MD: {d.ini}   Date: {stamp}", "cc: {e.full}, {hospital}; {x.full}, {city}")),
)  # fmt: skip

_HOME = (
    "HOME HEALTH VISIT\nClient: {p.full}   Visit date: {stamp}   SOC: {day}\nAddress: {own_street}\n         {own_city}, KS {own_zip}\nPhone: {own_phone}",
    (4, (
        "Arrived at 1010. Door answered by {r.first}, <spouse|grandson>. Client in recliner.",
        "Caregiver {s.full} reports client fell {weekday} night going to bathroom.",
        "{p.first} says she misses {u.first}, who moved to {city} in {month}.",
        "Meds reconciled with {r.first}; refills needed from {employer} on {street}.",
        "Case conference with {x.full} (PT) and {x.full} (OT) held {shortdate}.",
        "Next visit {weekday} {shortdate}, <{x.first} covering|{x.full} to cover>.",
        "Dog secured. Firearm in safe; {x.first} has the key.",
        "Called {e.last}'s nurse {x.first} at {phone} re: INR 3.9; order to hold tonight.",
        "Labs drawn, dropped at {hospital}.",
        "Daughter-in-law {s.first} prefers contact by text {phone} or email {email}.",
        "Emergency plan: call {u.full}, neighbor at {street}.",
        "Attends {hospital} on {weekday}s with {x.nick}.",
        "Client celebrated {holiday} with {s.first}, {u.first}, and {x.first}.",
        "Turned {age90} last week. Lives alone w/ cat. Uses cane.",
    )),
    (2, _CLINICAL),
    (1, ("{n.full}, RN, {hospital}", "Electronically signed {n.il}, RN {stamp} 1640", "Visit note by {n.fi} -- QA'd {x.ini} {shortdate}", "Clinician: {n.rev}, RN")),
)  # fmt: skip

_FLOOR = (
    "4 WEST NURSING NOTE\n{stamp} 1930: Assumed care of {p.first} {p.last}, {age} yo, room {room}. Report from {n.full}.",
    (6, (
        "2010: {d.full} MD at bedside; orders rec'd to d/c tele.",
        "2045- Pt's ride is {s.first} (ph {phone}).",
        "2130: Lab called w/ crit trop; {x.last} aware. Repeat in AM per {x.first}.",
        "2200: HS meds given w/ {x.fi} as witness.",
        "2315: RT {x.first} here for neb. Tolerated.",
        "0030: Sitter {x.full} relieved by {x.nick}.",
        "0145: Pt pulled IV; new 20g R FA by {x.first} {x.last} RN, flushes well.",
        "0310: Rapid response called; {x.full}, {x.full} and {x.full} responded.",
        "0415: {r.first} called for update. Told pt stable. Will visit {weekday}.",
        "0500: Blood draw by phleb {x.first}. 0530 wt 82.4 kg.",
        "0610: Belongings list verified w/ {x.rev}.",
        "0645: Bedside report to {x.full}. Bed low, rails up x2. Pt states \"thank you {n.first}\".",
        "Pastoral care: Fr. {x.last} from {hospital} anointed pt {shortdate}.",
        "Wife {r.first} + sons {s.first} & {u.first} @ bedside until 2100.",
        "Pt requests no visits from {x.first}. Security (Sgt. {x.last}) informed.",
        "Unit clerk {x.first} faxed records to {fax} attn {x.full}.",
        "Bld unit {id} verified by {x.ini} and {n.ini}.",
    )),
    (2, _CLINICAL),
    (1, ("{n.full} RN", "{n.il}, BSN RN   {stamp} 0712", "{n.ini}/RN", "Initials: {n.ini}", "-{n.first}")),
)  # fmt: skip

_CALL = (
    "Phone note / {stamp} / <2:15p|11:02 AM> / taken by {t.fi}\nPt {p.full} ({dob}), PCP {d.last}",
    (4, (
        "Mom ({r.first}) on line: {p.first} vomiting since <last|this past> {weekday}, school ({hospital}) sent home.",
        "Rx for Ritalin to {employer}, {street}, {city}. Pharm ph: {phone}, NCPDP {id}.",
        "Wants letter for {employer}, attn {x.full}, HR, fax {fax}.",
        "Sister {s.first} {s.last} is on HIPAA form; OK to d/w her at {phone}.",
        "Pt now lives in {city} w/ bf {x.first}; will establish w/ {e.full} there.",
        "Called back {stamp}, spoke w/ {r.first}; all questions answered. {t.ini}",
        "LVM x2, {shortdate} and {shortdate}. Letter sent {day}. {t.ini}",
        "Appt {shortdate} @ 9:40 w/ {e.il}; bring {hospital} records.",
        "Fwd to {x.first} and {x.first} for scheduling.",
        "Reports {x.first} at front desk was rude. Apologized.",
        "Travels to {city} on {holiday}; needs early refill.",
        "Insurance changed: ID {id} grp {id} eff {stamp}.",
        "Car accident {shortdate}, claim # {id}, adjuster {x.full}, {phone}.",
        "Username {email}. Sent link {url}.",
    )),
    (1, ("{t.full}, CMA", "{t.ini}, LPN {stamp}", "Agree. {d.ini3}", "{d.last}: ok to refill x1. {d.ini}", "Thanks - {t.first}")),
)  # fmt: skip

_ADMISSION = (
    "HISTORY AND PHYSICAL\n{hospital}\nPt: {p.rev_caps}  MRN: {mrn}  Adm: {stamp}  Bed: {room}\nAttending: {d.last_caps}   Resident: {e.rev}",
    (1, (
        "{age} y/o <M|F> with HTN, DM2, transferred from {short} after being found down by <roommate|landlord> {s.first} on {shortdate}.",
        "{p.full} is <a|an> {age}-year-old right-handed <woman|man> who works as a line cook at {employer} in {city}.",
        "Ms. {p.last}, {age90} y.o., resident of {hospital}, brought by EMS; history from {r.first}, her great-niece.",
    )),
    (4, _CLINICAL),
    (5, (
        "PSH: hysterectomy {year} ({hospital}, Dr. {x.last}); R TKA {date}; cataract {monthyear}.",
        "SH: born in {city}, came to US {year}. Divorced. Ex: {x.first}. Kids: {s.first} ({age}), {u.first}.",
        "Occupation: retired from {employer} after 30 years. <Served in|Stationed in> {city}.",
        "FH: sister {x.first} breast ca at 48; father {x.first} d. 88; MGM lived to {age90}.",
        "Outside records ({short}, {day}) reviewed: EF 30%, mod MR.",
        "Per {e.last}, last seen in clinic {date}, wt up 9 lb.",
        "ED course: seen by {x.full}, given ASA; cards fellow {x.last} paged.",
        "Code status discussed w/ pt and {r.first}: DNR/DNI. HCP {r.full} {phone}.",
        "Pharmacy: {employer} ({city}). PCP: {x.full}, {hospital}.",
        "Travel: {city} in {month}. Sick contacts: grandson {s.first} w/ flu.",
        "Plan of care reviewed with {x.full}, {x.first} {x.last}, and case manager {x.first}.",
        "Student at {hospital}; lives in dorm w/ {x.first}. Coach {x.last} present.",
    )),
    (1, ("{e.full}, MD PGY-1\npager {pager}\n\nAttending: seen w/ {e.last}. Agree as above. {d.full} {stamp}", "{e.il} x{pager}\nCosign: {d.il}", "H&P dictated {stamp} by {e.full} MS3, d/w {d.last}")),
)  # fmt: skip

DOCUMENTS = (_TRANSFER, _HOME, _FLOOR, _CALL, _ADMISSION)
CLINICAL = _CLINICAL
