# ruff: noqa: E501 - sentences and lists are easier to read on one line
"""The fourth part, by section. It was held out last: on its first measurement, recall was 0.990 (names 0.986) with known
identifiers and 0.985 (0.976) without, precision 0.967. Two names made nearly all misses ("Christian" was taken for a
faith, "Yu-na" for a word with a suffix); both were put right afterwards."""

SECTIONS: dict[str, tuple[str, ...]] = {
    "header": (
        "ADMISSION NOTE\nName: {p.full}\nMed Rec #: {mrn}\nAdmit date: {day}\nAdmitting MD: {d.full}\n",
        "{hospital} - Emergency Medicine\nPATIENT: {p.last_first_caps}   VISIT NO: {id}   ARRIVED: {day}\n",
        "Letter to {d.full}, MD\n{street_line}\n{city}, GA {zip}\n\nRE: {p.full}, born {day}\n",
        "Home health visit, {day}. Client {p.full}, phone {phone}. Nurse: {d.full}, RN.\n",
        "PROCEDURE: Colonoscopy\nPATIENT: {p.full}\nENDOSCOPIST: {d.full}, MD\nDATE: {day}\nREFERRED BY: Dr. {d.last}\n",
    ),
    "opening": (
        "{p.first} {p.last} is a {age}-year-old right-handed man referred by Dr. {d.last} for headaches.",
        "Ms. {p.last} was in her usual state of health until {date}, when she developed fever and rigors.",
        "{p.first} is doing well after her operation on {day}. She is here with her mother {r.first}.",
        "This {age90} male was found down at home by his grandson {r.first} on {weekday}.",
        "Per {r.full}, the patient's sister, {p.mr} stopped taking his insulin in {month}.",
        "Established patient of Dr. {d.full}, last visit {date}. Moved here from {city}.",
    ),
    "history": (
        "History of Crohn disease s/p ileocecectomy {year} at {hospital}. Follows with GI (Dr. {d.last}).",
        "Cath {day}: 70% LAD lesion, stented by {d.full}, MD.",
        "Hospitalized {date} to {day} for DKA. Hodgkin's in remission since {year}.",
        "Pertinent negatives: no Raynaud's, no Horner syndrome. Biopsy read by {d.full} on {day}.",
        "She delivered a healthy girl, {r.first}, on {day}; Apgar 9/9. Pap smear in {month} normal.",
        "His symptoms started in the {season} after a trip. He was treated with Cipro and Flagyl.",
    ),
    "social": (
        "Lives alone in {city}. Son {r.full} lives nearby ({phone}).",
        "Employed at {employer}. Address on file: {street_line}, {city}, PA {zip}.",
        "Patient's wife {r.first} can be emailed at {email} or called at {phone}.",
        "Originally from {city}. Two cats. Occasional wine. Driver license no. {id}.",
        "Policy number {id}; Social Security number {ssn}. Prefers Spanish.",
        "Widowed since {year}. Attends church. Quit drinking. Walks the dog daily.",
    ),
    "body": (
        "Meds on admission: Coreg 12.5 mg BID, Zoloft 50 mg, Januvia 100 mg, Neurontin 300 mg TID, Spiriva, Entresto 24/26.",
        "Vital signs: 36.8, 76, 134/82, 18, 98% on 2 liters. BMI 31.4. Pain 3/10. Height 170 cm.",
        "Sodium 140, potassium 3.9, chloride 101, bicarb 25, BUN 14, creatinine 0.9. WBC 6.4, Hct 39.1, platelets 221,000.",
        "Physical Exam: General: Well appearing. Lungs: Clear. Cardiac: Regular Rate and Rhythm. Ankle-brachial index 0.9.",
        "Foley removed. Blake drain output 30 cc. Bair Hugger applied. Yankauer suction at bedside. Dobhoff tube placed.",
        "Chvostek sign absent. Kussmaul respirations. Cheyne-Stokes breathing. Dix-Hallpike positive to the right.",
        "CXR: Left Lower Lobe consolidation. CT Abdomen/Pelvis: Diverticulitis, Hinchey stage I. EKG: Mobitz type I block.",
        "May ambulate with assistance. She will mark the calendar. Grant-funded study. Early in the day; good hope of recovery.",
        "Assessment: Type 2 Diabetes Mellitus with Diabetic Nephropathy; Essential Hypertension; Mixed Hyperlipidemia.",
        "Repeat 3-4 times daily. Take 1 tab q 4-6 h prn. Max 8 in 24 hours. Apply 1/2 inch. Ratio of 1/3.",
        "Nutrition, Social Work and Speech Therapy consulted. Diet: Heart Healthy. Activity: As Tolerated. Full Code.",
        "Knee prosthesis serial # {id}. Specimen number {id}. Gram stain: many Gram negative rods.",
    ),
    "plan": (
        "Return visit {date} with Dr. {d.full}; labs the week before.",
        "Reviewed with attending, Dr. {d.last}, and with the daughter {r.first} by phone ({phone}).",
        "Will discharge to {hospital} on {weekday}. Prescriptions called in to the pharmacy at {phone}.",
        "Neurology ({d.full}) consulted. {p.first} prefers to wait until after {holiday}.",
        "Plan d/w {p.last} and {r.first}. Follow-up echo {shortdate_on}.",
        "Transferred to room {room} under the care of {d.full}, MD.",
    ),
    "signature": (
        "Signed, {d.full}, MD\n{day}\n",
        "Electronically signed: {d.full}, NP-C {day}\nCo-signed: {d.full}, MD\n",
        "Provider: {d.full}, DO   Pager: {pager}\n",
        "Transcribed by: {d.full}\nReviewed by Dr. {d.first} {d.last}\n",
    ),
}
