# ruff: noqa: E501 - sentences are easier to read on one line
"""The development half: notes of wards, clinics and telephones."""

_CLINICAL = (
    "Vitals: T <98.6|37.2|101.3>, BP <118/76|164/92>, HR <72|110>, RR 16, SpO2 <97|91>% on <RA|2L NC>.",
    "HEENT: PERRLA, EOMI, MMM. Neck supple, no JVD. CV: RRR, no m/r/g. Lungs: CTAB. Abd: soft, NT/ND, +BS. Ext: no c/c/e.",
    "Meds: <Lipitor|Crestor> 40 mg qHS, <Norvasc|Toprol XL> 5 mg daily, Eliquis 5 mg BID, Lasix 20 mg, Synthroid 75 mcg, Flomax.",
    "Labs: Na 138, K 4.1, Cl 102, CO2 24, BUN 18, Cr 1.0, Glu 104, WBC 7.2, Hgb 13.4, Plt 233, INR 1.1, Troponin <0.01.",
    "Parkinson disease, on Sinemet 25/100 TID; masked facies and cogwheel rigidity. Hoehn and Yahr stage 2. Babinski down-going.",
    "Foley in place, draining clear yellow urine. Hemovac removed. Swan-Ganz catheter pulled. Ace wrap and Jackson-Pratt drain intact.",
    "Apgars 8 and 9. Ballard exam consistent with dates. Moro and Galant reflexes present. Mongolian spot over sacrum.",
    "Assessment: 1. Graves disease. 2. Hashimoto thyroiditis. 3. Barrett's esophagus. 4. Sjogren syndrome. 5. Paget disease of bone.",
    "Glasgow Coma Scale 15. NIH Stroke Scale 4. CHA2DS2-VASc 3. Braden score 18. Morse Fall Risk high. MoCA 24/30. PHQ-9 11.",
    "Allergies: Penicillin (rash), Bactrim (hives), shellfish, latex. No known food allergies.",
    "Pt may shower. Will hold Coumadin. Mark the wound edges daily. Grant access to the portal. Frank blood per rectum. Rose-colored spots on trunk.",
    "Long discussion. Short of breath with stairs. White count trending down. Brown stool, guaiac negative. Small bowel follow-through.",
    "Diet: Cardiac, 2 gm Sodium. Activity: Up ad lib. Code Status: Full Code. DVT prophylaxis: Lovenox. Dispo: Home with services.",
    "Continue Vancomycin 1 g IV q12h and Zosyn 3.375 g IV q6h. Check Vanc trough before 4th dose. Consider Merrem if febrile.",
    "Murphy sign negative. McBurney point tenderness. Rovsing negative. Psoas sign equivocal. Homan's sign negative bilaterally.",
    "Gait: Trendelenburg. Lachman 1+, McMurray negative. Phalen and Tinel positive on the right. Finkelstein test negative.",
    "Ultrasound: No DVT. Baker cyst measuring 3.2 x 1.1 cm. Doppler flow normal. Bosniak II cyst of the left kidney.",
    'Bipolar I, PTSD, Generalized Anxiety Disorder. Denies SI/HI. Mood "okay", affect congruent. Insight fair, judgment intact.',
    "Immunizations: Tdap, Prevnar 13, Shingrix #2, Moderna booster. Next due: Pneumovax.",
    "Pathology: Gleason 3+4=7. Breslow 0.8 mm. Clark level III. Ki-67 15%. HER2 negative by FISH.",
)

_PROGRESS = (
    "INTERNAL MEDICINE PROGRESS NOTE\nPatient: {p.rev}    MRN: {mrn}    DOB: {dob}\nDate of Service: {day}    Attending: <Dr. |>{d.full}<, MD||, M.D.>",
    "?Hospital Day #<2|3|5>; Room {room}",
    (1, (
        "S: {p.first} reports feeling <better|worse|about the same> since {weekday}. <Her|His> <wife|husband|daughter|son> {r.first} stayed overnight.",
        "SUBJECTIVE: Mr. {p.last} slept poorly. Seen by {x.full} (<PT|OT|nutrition>) on {shortdate}; no acute events.",
        "S- Pt c/o pain at line site. States that \"Nurse {n.first} gave me something last night.\" Spouse {r.full} at bedside.",
        "Interval history: Ms. {p.last} was seen with interpreter {x.full} (ID {id}). Overnight, {x.last} from surgery was paged.",
    )),
    (4, _CLINICAL),
    (4, (
        "Cultures from {shortdate} growing MSSA; ID (Dr. {e.last}) recommends cefazolin through {day}.",
        "Cards following - appreciate {e.last}'s recs. TTE {shortdate}: EF 55%.",
        "Discussed with {r.full}, HCP, by phone at {phone}.",
        "Renal: Cr peaked {month}; HD MWF at {hospital} per nephrologist {e.full}.",
        "Prior records from {short} requested (fax {fax}).",
        "Patient originally from {city}, <moved|relocated> here in {year}. Retired from {employer}.",
        "S/p lap chole {date} by <Drs.|Dr.> {e.last} at {hospital}.",
        "PCP {e.full} notified; appt {day} at <9:30 am|2pm>.",
        "Seen and examined with resident {x.full} and <student|medical student> {x.full}.",
        "Last colonoscopy {date}: 2 polyps. Mammogram {monthyear}, BI-RADS 2.",
        "<He|She> fell around {holiday} and has been weak since.",
        "Pharmacy: {employer} Pharmacy on {street}, {city}, ph {phone}.",
        "ICD interrogated; device serial number {id}, lead {id}.",
        "Neighbor, {s.full}, checks on {p.first} daily.",
        "{p.first}'s daughters {r.first} and {s.first} disagree about hospice.",
        "Lives w/ grandson {s.first}, <who is {age}|a nurse at {hospital}>.",
    )),
    (1, (
        "Plan d/w {d.last} and team.\n\n{d.full}, MD  pager {pager}\n{stamp} 14:32",
        "Electronically signed by: {d.full}, MD on {stamp} at 1632",
        "-{d.il}, PGY-2 (p{pager})\nAttending addendum: I saw {p.first} {p.last} and agree. {e.full} MD",
        "Signed {d.ini3} {stamp} 08:15",
    )),
)  # fmt: skip

_DISCHARGE = (
    "{hospital}\nDISCHARGE SUMMARY\n\nNAME: {p.rev_caps}\nUNIT #: {mrn}\nACCT #: {id}\nADMITTED: {day}\nDISCHARGED: {day}\nDICTATED BY: {d.full_caps}, M.D.\nPCP: {e.full}",
    (1, (
        "HISTORY OF PRESENT ILLNESS: {p.full} is <a|an> {age} year old <man|woman> from {city} with CHF who <presented|was transferred from {hospital}> on {shortdate}.",
        "HPI: This is a {age90}-year-old retired <teacher|farmer> brought in by <his|her> niece, {r.full}, after a fall at {hospital}.",
        "HOSPITAL COURSE: Mrs. {p.last} was admitted to Dr. {d.last}'s service. On {shortdate} she underwent CABG x3 by Dr. {e.full}.",
    )),
    (4, _CLINICAL),
    (4, (
        "The patient was extubated on {shortdate} and transferred to the floor on {shortdate}.",
        "Family meeting held {day} with wife {r.first}, son {s.full}, and Dr. {e.last} from Palliative Care.",
        "Consults: Cardiology ({x.full}), Neurology ({x.full}), Pulmonary ({x.il}).",
        "Blood cultures {date} negative. Specimen {acc} reviewed by {x.full}, MD.",
        "Follow up with {e.full} in 2 weeks; call {phone} for appointment. Dr. {x.last} (Urology) on {day} at 10:15.",
        "VNA of {city} will see the patient on {weekday}. Contact: {x.full}, RN, {phone}.",
        "Pacemaker model A2DR01, serial {id}, implanted {date} at {hospital}.",
        "He was last hospitalized from {stamp}<-| to | - | through >{stamp} for pneumonia.",
        "Discharged to {hospital}, {street}, {city}, OH {zip}; report called to <nurse|RN> {x.first}.",
        "Mr. {p.last}'s health care proxy is his sister {s.full} ({phone}).",
        "The patient, known as \"{p.nick}\" to his family, was a smoker until {year}.",
        "Transferred by {city} EMS, unit {room}, at 0340.",
    )),
    (1, (
        "{d.full}, M.D.\n\nDD: {day}\nDT: {day}\nJob #: {id}\n{d.ini3}/{t.ini}\ncc: {e.full}, M.D.\n    {x.full}, M.D.",
        "Dictated By: {d.full}, MD\nAttending: {e.full}, MD\nD: {stamp} 10:12 T: {stamp} 11:40\ncc: {x.rev}",
        "___________________\n{d.full}, DO\nNPI {npi}\n{hospital}\n{street}, {city}, TX {zip}\nTel {phone} Fax {fax}",
    )),
)  # fmt: skip

_NURSING = (
    "NURSING SHIFT NOTE   {stamp} <0700-1900|1900-0700>\nPt: {p.li} / Rm {room} / MRN {mrn}",
    (4, (
        "0730 Received report from {n.first}, RN. Pt A&Ox3, <resting|sitting up in chair>.",
        "0915 Dr {d.last} at bedside, updated on I&Os. New orders noted.",
        "1140 Family ({r.first}, {s.first}) visiting. Dtr asks that we call {phone} w/ any changes.",
        "1300 Pt refused lunch. States \"I want to go home to {s.first}.\" Chaplain {x.full} in to see pt.",
        "1455 Critical K+ 6.1 called by {x.first} in lab, read back, MD {e.last} notified.",
        "1600 BG 248, 4 units Humalog given per sliding scale. Verified w/ {x.first} {x.last}, RN.",
        "1830 Report given to {x.full} RN. Bed alarm on, call bell within reach.",
        "2200 Pt found on floor by CNA {x.first}. VSS. {d.last} paged x2 ({pager}), returned call 2215.",
        "0300 Pt stable. Telemetry: NSR. Bladder scan 320 mL, straight cath per protocol.",
        "Security ({x.full}, badge {id}) took valuables: wallet w/ driver's license {id}, car keys (plate {plate}).",
        "Wound vac changed by WOCN {x.full}. Sacral stage 2, 3x2 cm.",
        "Transport by {x.nick} to MRI @ 1015.",
    )),
    (2, _CLINICAL),
    (1, ("{n.full}, RN", "-- {n.il} RN {stamp} 1912", "N. signed: {n.full}, LPN", "{n.ini}, RN", "RN: {n.rev}")),
)  # fmt: skip

_PHONE = (
    "TELEPHONE ENCOUNTER\nDate: {stamp} <9:14 AM|4:47 PM>   Caller: {r.full} (<daughter|mother|spouse>)   Call back #: {phone}\nPatient: {p.full}  DOB {dob}",
    (4, (
        "{r.first} calling re: {p.first}'s refill of metformin. Uses {employer} on {street}.",
        "Caller says pt has had fever since <{weekday}|yesterday>, Tmax 102. Advised ED. Verbalized understanding.",
        "Left message on voicemail for {p.first} to call {phone}.",
        "Spoke to {x.first} at Dr. {e.last}'s office; they will fax records to {fax}.",
        "Pt's <mom|dad> {s.first} wants to know if <he|she> can take Tylenol with Augmentin.",
        "Appt w/ {d.last} moved from {shortdate} to {shortdate}. Pt aware.",
        "Please call back {x.full} from {hospital} at {phone}.",
        "Pt emailed from {email}; portal message via {url}.",
        "Insurance: Blue Cross, member ID {id}, group {id}. Prior auth # {id}.",
        "New address: {own_street}, {own_city}, {own_zip}. Phone {own_phone}.",
        "will route to {d.last} for review",
        "Thx, {t.first}",
    )),
    (1, ("{t.full}, MA", "{t.first} {t.last} - Medical Assistant", "Taken by: {t.fi}", "{t.il}/LPN", "Routed to: {d.rev} MD; {x.rev}, NP")),
)  # fmt: skip

_TRIAGE = (
    "ED TRIAGE  {stamp} 22:41\n{p.tight_caps}  {age}<M|F>  MRN#{mrn}\nArrival: <EMS|walk-in|police>  Acuity: 3",
    (4, (
        "CC: <chest pain|abd pain|MVC|laceration>. Onset {shortdate} <while at {employer}|at home>.",
        "Brought by <friend|boyfriend|coworker> {s.full}. Emerg contact: {r.full} {phone}.",
        "PCP: {e.last}. Pharmacy: {employer}, {city}.",
        "MVC: restrained driver, plate {plate}, VIN {vin}, rear-ended on {street}.",
        "Officer {x.last} (badge #{id}) present. Case # {id}.",
        "Pt homeless, stays at {hospital} shelter in {city}.",
        "Last tetanus {date}. LMP {shortdate}. G3P2.",
        "Pt is a poor historian; hx per sister {s.first}, who arrived from {city} this AM.",
        "States his name is {p.nick}. DOB {dob}. SSN {ssn}.",
        "Triage RN {n.full}; handed off to {x.first}.",
        "Seen here {date} for same, left AMA per {x.il}.",
    )),
    (3, _CLINICAL),
    "?Attending: {d.last} / Resident: {x.last}",
)  # fmt: skip

_SOCIAL = (
    "SOCIAL WORK ASSESSMENT\nRe: {p.full} ({mrn})\nDate: {day}\nReferral source: {d.full}, MD",
    (6, (
        "SW met with {p.first} and <her|his> <partner|husband|wife> {r.first} in room {room}.",
        "Pt resides at {own_street}, {own_city}, {own_zip} with <her|his> two children, {s.first} (<7|11>) and {u.first} (<4|9>).",
        "{p.first} was born in {city} and raised by <her|his> grandmother, {x.full}, until {year}.",
        "Employed <full time|part time> at {employer} as a <cashier|driver|welder>; supervisor {x.full}.",
        "Ex-husband {x.full} has a restraining order (docket {id}). DCF worker: {x.full}, {phone}.",
        "Attends {hospital}. Pastor {x.last} visits <weekly|each {weekday}>.",
        "Client's brother {x.first} was killed in {season}. Anniversary of the death is {shortdate}.",
        "Insurance: Medicaid # {id}; SSN {ssn}. Section 8 voucher pending since {month}.",
        "Transportation: has 2012 Honda, license plate {plate}. Drives to {city} for dialysis.",
        "Emergency contact: {s.full} (cousin), {street}, {city}; cell {phone}.",
        "APS report filed {day} with {x.full}, intake #{id}.",
        "Facebook: {url}. Email {email}. IP of telehealth session {ip}.",
        "Lawyer {x.full} of {city} called on {weekday}.",
        "Son, {s.full}, is deployed; returns around {holiday}.",
        "Strengths: supportive family, hope for the future, strong faith. Barriers: transportation, English as second language.",
    )),
    (1, ("{t.full}, LCSW\nPager {pager}", "{t.full}, MSW, LICSW   x{pager}", "Signed: {t.full}, LSW {stamp}")),
)  # fmt: skip

DOCUMENTS = (_PROGRESS, _DISCHARGE, _NURSING, _PHONE, _TRIAGE, _SOCIAL)
CLINICAL = _CLINICAL
