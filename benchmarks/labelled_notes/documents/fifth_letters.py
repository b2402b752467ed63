# ruff: noqa: E501 - sentences are easier to read on one line
"""The development half: reports, letters, dictation."""

from benchmarks.labelled_notes.documents.fifth_notes import CLINICAL as _CLINICAL

_RADIOLOGY = (
    "{hospital} - Department of Radiology\nPATIENT: {p.full_caps}   MRN: {mrn}   ACC#: {acc}\nORDERING PHYSICIAN: {d.rev_caps}\nEXAM: <CT CHEST WITH CONTRAST|XR KNEE 3 VIEWS|MRI BRAIN W/WO>   DATE: {stamp}",
    "CLINICAL HISTORY: {age}-year-old <male|female> with <cough|pain|headache>, h/o lymphoma.\nCOMPARISON: <CT from {day}.|{day}, {day}.|None.|Outside study from {short} dated {day}.>",
    (3, (
        "FINDINGS: The lungs are clear. No pleural effusion. Heart size is normal. Schmorl nodes at T11. Kerley B lines absent.",
        "Stable 4 mm nodule in the right lower lobe (series 3, image 112). Fleischner Society guidelines apply.",
        "Circle of Willis is patent. No midline shift. Virchow-Robin spaces are prominent. Sylvian fissure unremarkable.",
        "Kellgren-Lawrence grade 3 osteoarthritis. Segond fracture not seen. Hoffa fat pad edema.",
        "Meckel diverticulum suspected. Calot triangle unremarkable. Couinaud segment VI lesion measures 1.4 cm.",
        "Contrast: 100 mL Omnipaque 350. DLP 412 mGy-cm. eGFR 78.",
    )),
    (2, (
        "Findings discussed with Dr. {e.last} by {x.full} at 3:15 PM on {shortdate}.",
        "Critical result called to {x.first} {x.last}, RN, by Dr. {t.last} on {stamp} 18:05.",
        "Recommend follow-up in {month}.",
        "Preliminary read by {x.full}, MD (resident).",
        "Technologist: {x.ini}. Scanner ID {id}.",
        "IMPRESSION: No acute abnormality. Unchanged since {date}.",
    )),
    (1, ("Read by: {t.full}, MD\nElectronically Signed: {stamp} 16:40", "DICTATED: {t.full_caps} MD\nTRANSCRIBED: {x.ini3_caps} {stamp}", "Interpreting Radiologist: {t.rev}")),
)  # fmt: skip

_PATHOLOGY = (
    "SURGICAL PATHOLOGY REPORT\nCase: {acc}\nName: {p.rev}\tSex: <M|F>\tDOB: {dob} (Age: {age})\nMRN: {mrn}\nCollected: {stamp}  Received: {stamp}\nSubmitting: {d.full}, MD   Copy to: {e.full}, MD",
    (4, (
        "SPECIMEN: A. Skin, left cheek, shave biopsy. B. Colon, sigmoid, polyp.",
        "GROSS: Received in formalin labeled \"{p.full}\" is a 0.4 cm tan fragment. Cassette A1. {x.ini3}.",
        "Labeled with the patient's name ({p.last}) and \"left breast\".",
        "MICROSCOPIC: Sections show Reed-Sternberg cells. CD30 positive. Ziehl-Neelsen and Gomori stains negative.",
        "DIAGNOSIS: Basal cell carcinoma, margins free. Merkel cell polyomavirus negative. See comment.",
        "Comment: Reviewed in consultation with Dr. {x.full}, {hospital}, who concurs.",
        "Prior case {acc} ({date}) reviewed.",
        "Intraoperative consultation: benign (Dr. {x.last}, {stamp}).",
        "Reported to {d.last}'s office ({x.first}) on {day}.",
        "Nottingham grade 2 of 3. Dukes B. Masson trichrome and Congo red performed. Langhans giant cells seen.",
    )),
    (1, ("{t.full}, M.D., Pathologist\n(Electronically signed {stamp})", "Pathologist: {t.full_caps}, MD   Sign-out: {stamp}", "*** Report Electronically Signed Out by {t.full} MD ***")),
)  # fmt: skip

_OPERATIVE = (
    "OPERATIVE REPORT\nDATE OF OPERATION: {day}\nPATIENT NAME: {p.full}\nMEDICAL RECORD NUMBER: {mrn}\nSURGEON: {d.full}, M.D.\nASSISTANT: {e.full}, PA-C\nANESTHESIOLOGIST: {x.full}, MD",
    (5, (
        "PREOPERATIVE DIAGNOSIS: Cholelithiasis. POSTOPERATIVE DIAGNOSIS: Same. ANESTHESIA: General endotracheal. EBL: Minimal.",
        "After informed consent, Mr. {p.last} was taken to OR <4|12>. A Veress needle was introduced. A Bookwalter retractor was placed.",
        "A Kocher incision was made. Allis clamps and Babcock clamps were applied. The fascia was closed with #1 PDS; Vicryl and Monocryl to skin.",
        "Total knee: Stryker Triathlon, Lot # {id}, Serial # {id}. Palacos cement.",
        "The specimen was handed to {x.full}, PA, and sent to pathology ({acc}).",
        "Dr. {e.last} closed. I spoke with the patient's <husband|wife>, {r.first}, in the waiting room.",
        "Counts correct x2 per {x.first} {x.last}, CST, and circulating nurse {x.last}.",
        "Pt had previously undergone hernia repair {date} by Dr. {x.full} in {city}.",
        "Bovie used. Metzenbaum scissors. Mayo stand. Gigli saw. Steri-Strips, Kerlix and Coban applied. Thompson approach. Whipple aborted.",
        "DISPOSITION: To PACU in stable condition. Will be seen by {d.last} {shortdate}.",
    )),
    (1, ("{d.full}, M.D.\n{d.ini}:{t.ini}\nD: {day}\nT: {day}\nDOC #{id}", "Signed: {d.full}, MD, FACS", "Dictating surgeon: {d.il2}, M.D.  cc: Dr. {x.full}; Medical Records")),
)  # fmt: skip

_LETTER = (
    "{hospital}\n{street}\n{city}, <CA|NY|WA> {zip}\nPhone: {phone}  Fax: {fax}\n{day}\n\n{e.full}, M.D.\n{street}\n{city}, <MI|IL> {zip}\n\nRE: {p.full}\nDOB: {dob}\n\nDear <Dr. {e.last}|{e.first}|Doctor {e.last}>:",
    (1, (
        "Thank you for referring {p.full}, a pleasant {age}-year-old <gentleman|woman> whom I saw in clinic on {day}.",
        "It was a pleasure to see your patient, Mrs. {p.last}, on {weekday}, {shortdate}. She was accompanied by her daughter, {r.full}.",
        "I had the opportunity to evaluate {p.first} {p.last} in follow up. As you know, {p.first} is a {age} y.o. who works at {employer}.",
    )),
    (3, _CLINICAL),
    (3, (
        "He was previously followed by my colleague {x.full} at {hospital}.",
        "I have asked {p.first} to see Dr. {x.full} of {city} Neurology before {holiday}.",
        "{p.last} tells me that <his|her> brother, {s.first}, died of MI in {monthyear}.",
        "If you have questions, call my nurse {x.first} at {phone} or write to {email}.",
        "She will return on {day}; my assistant, {x.full}, has scheduled it.",
        "Her DMV form (license {id}) was completed.",
        "{p.first}'s prior sleep study ({date}) was read by Dr {x.last}.",
    )),
    (1, (
        "Sincerely,\n\n\n{d.full}, MD\nChief, Division of Cardiology",
        "Best regards,\n{d.first}\n\n{d.full}, M.D., Ph.D.\n{d.ini3}/{t.ini}",
        "With kind regards,\n\n{d.full}\nAssociate Professor of Medicine\nDEA {dea}  Lic. # {id}",
        "Yours truly,\n{d.il} MD\nenc.\ncc: {x.full}, NP; {x.full} (patient's son), {street}, {city} {zip}",
    )),
)  # fmt: skip

_DICTATION = (
    "this is doctor {d.full} dictating a clinic note on {p.full} medical record number {mrn} date of visit {day}",
    (5, (
        "{p.last} is a {age} year old who comes in today with <her|his> <sister|brother> {r.first} complaining of back pain period",
        "past history is significant for diabetes and a stroke in {monthyear} treated at {hospital} period new paragraph",
        "he sees doctor {e.last} for his heart and doctor {x.full} for his kidneys",
        "she lives in {city} and used to work for {employer} until {date}",
        "on exam blood pressure one forty over eighty lungs clear heart regular abdomen benign period straight leg raise negative",
        "plan is to start gabapentin three hundred at night get an mri and have {p.first} see {x.first} {x.last} in physical therapy",
        "please send a copy to doctor {e.full} that's in {city} fax number {fax}",
        "<patient|pt> is a {agewords} year old widow who lives with her nephew {s.first}",
        "daughter's cell is {phone} her name is {s.full}",
        "assessment number one lumbar stenosis number two type two diabetes number three hypertension end of dictation",
    )),
    "thank you this is {d.full} end dictation",
)  # fmt: skip

_CONSULT = (
    "<Neurology|GI|Psychiatry> Consultation\nRequesting: {d.full}    Consultant: {e.full}\n{p.full} | {dob} | {mrn} | {age}yo <M|F> | Loc: {room}",
    (5, (
        "Asked by Dr. {d.last} to see {p.first} {p.last} for <seizure|GI bleed|agitation>.",
        "Per chart review ({x.last} note {stamp}), pt was admitted to {short} {date}.",
        "Collateral from mother ({r.full}, {phone}): symptoms began on {holiday}.",
        "Follows w/ {x.full} MD/{x.il} PA at {hospital}.",
        "FH: Father d. <62|71> MI; mother {s.first}, {age90}, alive, dementia; brother {u.first} w/ Crohn's.",
        "SH: {employer} x 20 yrs. Married to {r.first}. From {city}, {year}. Tob: quit {year}.",
        "Case discussed w/ {x.first}, {x.first}, and {x.full}.",
        "Guardian: {x.full}, Esq., {street}, {city}. Tel: {phone}.",
        "Seen {stamp} 11:20 by {x.full}/{x.full}.",
        "{p.first} prefers to be called {p.nick}.",
        "Goes by '{p.nick}'. Pronouns they/them.",
        "Study ID {id}; enrolled {day} by coordinator {x.full}.",
    )),
    (4, _CLINICAL),
    (1, ("Thank you for this consult.\n{e.full}, MD\nPager: {pager}", "{x.full} MS4 / {e.last}", "Recs communicated to {x.first} (primary team). {e.ini3}", "Staffed with {e.full}.\n{x.full}, MD PGY3")),
)  # fmt: skip

DOCUMENTS = (_RADIOLOGY, _PATHOLOGY, _OPERATIVE, _LETTER, _DICTATION, _CONSULT)
