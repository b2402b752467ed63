# ruff: noqa: E501 - sentences are easier to read on one line
"""The sealed half: reports, letters, dictation. No rule is tuned on it."""

from benchmarks.labelled_notes.documents.sixth_notes import CLINICAL as _CLINICAL

_RADIOLOGY = (
    "DIAGNOSTIC IMAGING REPORT\n{p.rev_caps}   ID {mrn}   Born {dob}\nProcedure: <US ABDOMEN|CT HEAD WO|MAMMO SCREENING BILAT>\nPerformed {stamp} 09:58   Accession {acc}\nReferring: {d.full}   Facility: {hospital}",
    "INDICATION: <Fall|Dizziness|Screening>. {age}<M|F>. TECHNIQUE: Axial images were obtained. PRIORS: {stamp}, {stamp}<.| ({short}).>",
    (3, (
        "Report: Gallbladder wall 2 mm, Murphy negative. Portal vein patent. Riedel lobe. Gerota fascia intact.",
        "Bosniak I cyst. Mild Fazekas 1 white matter disease. Mega cisterna magna. Monro foramina patent.",
        "Lisfranc alignment normal. Boehler angle 28 degrees. Salter-Harris II fracture. Baker cyst. Hill-Sachs deformity absent.",
        "Heart enlarged. Chilaiditi sign. Ghon focus. Azygos lobe. Bochdalek hernia, small. Port tip in SVC.",
        "BI-RADS Category 1. Breast density C. Tomosynthesis performed. Lugol staining none.",
        "Radiation dose: CTDIvol 38 mGy. Contrast: Isovue 370, 80 cc, Gadavist 7 mL.",
    )),
    (2, (
        "Verbal report to {x.full}, PA at 1012 hrs {stamp}.",
        "I called {d.last} with these results.",
        "Compared with {date} films from {hospital}, {city}.",
        "Tech: {x.first} {x.last}, RT(R).",
        "Recommend short interval follow-up by {monthyear}.",
        "Reviewed with fellow {x.full}.",
    )),
    (1, ("Radiologist: {t.full}, D.O.   Signed {stamp} 10:31", "{t.last_caps}, {t.first_caps} MD  /  {x.ini}", "Final report. {t.full} MD, {hospital}")),
)  # fmt: skip

_PATHOLOGY = (
    "DEPARTMENT OF PATHOLOGY, {hospital}\nAccession #: {acc}     Taken: {stamp}\nPatient: {p.full}    MR No: {mrn}\nPhysician(s): {d.full}, {e.full}\nClinical data: {age} year old",
    (4, (
        "Part 1 is labeled {p.last}, {p.first}, \"gallbladder\". Part 2 is labeled same, \"node\".",
        "Gross dictated by {x.full} ({x.ini3}).",
        "Microscopic: Councilman bodies, Call-Exner bodies, Psammoma bodies absent. Giemsa, Warthin-Starry, Prussian Blue negative.",
        "Final diagnosis: Tubular adenoma. Hurthle cell change. Brunner gland hyperplasia. Warthin tumor. Brenner tumor. Krukenberg excluded.",
        "Slides sent to Dr. {x.full} at {short} on {shortdate}.",
        "Addendum {stamp}: per Dr. {x.last}, KRAS pending, ref {acc}.",
        "Frozen section called to {d.last} in OR 3 by {x.last}.",
        "See also {acc}, {acc}.",
        "Robert Koch stain NA. Rokitansky-Aschoff sinuses. Peyer patches. Lieberkuhn crypts intact. Bence Jones protein absent.",
    )),
    (1, ("{t.full}, MD\nStaff Pathologist\n{stamp}", "Verified by {t.full} on {stamp} 14:20", "Signed: {t.rev_caps}, MD   Resident: {x.full}")),
)  # fmt: skip

_OPERATIVE = (
    "PROCEDURE NOTE\nPt: {p.full}  MRN: {mrn}  Date: {day}\nPrimary Surgeon: {d.full}\nFirst Assist: {e.full}\nAnesthesia: {x.full}, CRNA / {x.full}, MD\nCirculator: {x.first} {x.last}",
    (5, (
        "Pre-op dx: Carpal tunnel syndrome. Post-op dx: Same. Anesthesia: Bier block. Tourniquet: 22 min. EBL: 5 cc. Fluids: 500 LR.",
        "{p.last} was identified in holding by {x.last}, marked, and brought back at 0730.",
        "Pfannenstiel incision. Deaver and Balfour retractors. Kelly clamps. Heaney sutures of Vicryl. Bovie cautery. Cell Saver returned 250.",
        "Synthes plate, lot {id}; screws x6. DePuy stem, serial {id}. Hardware rep {x.full} present.",
        "Findings explained to {r.first} and to {s.full} (brother) in the consult room.",
        "Prior op by {x.full} in {city} ({date}) made dissection difficult.",
        "Specimens to path ({acc}). Drains: JP x1, Blake x1.",
        "Nasal: Cottle elevator, Killian incision, Merocel packs. Ear: Donaldson tubes. Weber and Rinne normal preop.",
        "Relief scrub: {x.first}. Counts correct per {x.last}.",
        "Seldinger technique, 7 Fr Arrow, Quinton catheter deferred. Allen test normal. Tuohy needle. Marcaine 0.25%.",
        "Plan: clinic w/ {d.last} {day}; PT with {x.first} at {hospital}.",
    )),
    (1, ("{d.full}, MD, PhD\n{stamp} 1540", "Dictated but not read: {d.full}, M.D. ({d.ini3}/{t.ini})", "Attestation: I, {d.full}, was present throughout.")),
)  # fmt: skip

_LETTER = (
    "{d.full}, MD\n{hospital}\n{street}, Suite 210\n{city}, <PA|FL|OR> {zip}\nT {phone}   F {fax}\n\n{day}\n\n<Attn: |>{e.full}\n{box}\n{city}, <VA|MO> {zip}\n\nPatient: {p.full}   Date of birth: {dob}   Our ref: {mrn}\n\n<Dear {e.first},|Dear Doctor {e.last},|Dear Mr. {e.last}:|To Whom It May Concern:>",
    (1, (
        "Many thanks for asking me to see {p.first}, who attended on {weekday} with {r.first}, <her|his> <husband|mother>.",
        "This letter confirms that {p.full} has been under my care since {date} and is unable to work at {employer}.",
        "I reviewed Mr. {p.last} today, {shortdate}. He is now {age} and lives alone in {city} since {r.first}'s passing.",
    )),
    (3, _CLINICAL),
    (3, (
        "My partner {x.full} will cover while I am away until {shortdate}.",
        "I discussed the case with {x.full} from {short}, who agrees.",
        "{p.first} may return to school on {day}; please inform {x.last}, the principal.",
        "Any queries to my secretary, {x.first}, on {phone} or {email}.",
        "As you will recall, {x.last} did the original repair in {monthyear}.",
        "Policy number {id}, claimant {p.full}, adjuster {x.full}.",
        "The family of {p.first} would like to thank {x.first} and {x.first} on the ward.",
    )),
    (1, (
        "Yours sincerely,\n\n{d.full}\nConsultant Surgeon",
        "Warmly,\n{d.first}",
        "Respectfully submitted,\n{d.full}, PsyD\nLicense #{id}   NPI: {npi}",
        "Thank you,\n{d.full}, MD\n\nCopies: {x.full}, MD; {x.full}, DDS; {p.full}",
    )),
)  # fmt: skip

_DICTATION = (
    "progress note for {p.full} date of birth {dob} seen {day} by {d.full} at {hospital}",
    (5, (
        "{p.first} says that the pain is worse since {holiday} comma rates it eight out of ten",
        "he was in the emergency room at {hospital} on {shortdate} and saw doctor {x.last}",
        "mother is {r.full} and can be reached at {phone}",
        "she takes lisinopril metoprolol and a baby aspirin period no allergies",
        "social history she lives on {street} in {city} with {s.first} and two dogs",
        "lungs have a few rhonchi period heart irregular period edema one plus next paragraph impression",
        "i think {p.first} would benefit from seeing {x.full} for injections",
        "will forward this to doctor {e.last} and to nurse practitioner {x.full}",
        "patient is {agewords} and still drives to {city} every {weekday}",
        "labs from {date} show a creatinine of one point two",
    )),
    "dictated by {d.full} transcribed by {t.ini} on {stamp}",
)  # fmt: skip

_CONSULT = (
    "<Infectious Disease|Renal|Palliative> Consult Note - Initial\nPatient {p.rev}; {age} y; <M|F>; {mrn}; Unit {room}\nConsult requested by {d.full} on {stamp} for <fever|AKI|symptoms>\nConsultant {e.full}",
    (5, (
        "History from chart and wife {r.full}, as {p.last} is intubated.",
        "Travel: {city} in {month}; visited cousin {s.full}. Pets: parrot. Occupation: {employer}.",
        "Pt first noted symptoms on {shortdate}, seen by {x.full} at {hospital} and given Keflex.",
        "HD via L AVF, TTS at {hospital} under {x.last}; EDW 70 kg.",
        "Healthcare proxy {s.full} ({phone}), alternate {x.full}.",
        "Mother {s.first} is {age90}, in {hospital}; aunt {x.first} had lupus.",
        "Spiritual: Catholic; Fr. {x.last} anointed pt {shortdate}.",
        "Previously followed by {x.full} until {year}, then {x.full}.",
        "Discussed with {x.last}, {x.last} and the {city} transplant coordinator {x.first}.",
        "{p.first} \"{p.nick}\" {p.last} is well known to our service.",
        "Bronchoscopist: {x.last}. Sample ID {acc}.",
        "In trial {id}, PI {x.full}, consented {day}.",
    )),
    (4, _CLINICAL),
    (1, ("Thanks for involving us. {e.full}, {pager}", "{x.full}, fellow, d/w {e.last}", "{e.full}, MD | {stamp} 18:18 | Pager {pager}", "Will follow. --{e.il2}")),
)  # fmt: skip

DOCUMENTS = (_RADIOLOGY, _PATHOLOGY, _OPERATIVE, _LETTER, _DICTATION, _CONSULT)
