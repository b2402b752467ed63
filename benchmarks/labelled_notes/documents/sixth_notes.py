# ruff: noqa: E501 - sentences are easier to read on one line
"""The sealed half: notes of wards, clinics and telephones. No rule is tuned on it."""

_CLINICAL = (
    "Afebrile, BP <128/82|98/60>, pulse <88|64>, resps 18, sats <99|93>% room air, wt 81.2 kg, BMI 28.",
    "Exam: NAD. Sclera anicteric. OP clear. Lungs: bibasilar crackles. Heart: S1 S2, II/VI SEM at LUSB. Abdomen: obese, soft. Skin: warm, dry. Neuro: nonfocal.",
    "Current Outpatient Medications: Zocor 20 mg, Prinivil 10 mg, Glucophage 1000 mg BID, Plavix 75 mg, Xarelto 20 mg, Protonix, Singulair, Advair Diskus 250/50.",
    "CBC: 11.3/10.9/32.6/410. BMP: 134/3.4/98/29/22/1.4/187. LFTs wnl. TSH 2.1. HbA1c 8.4%. BNP 640. Lactate 1.9. D-dimer neg.",
    "Alzheimer dementia on Aricept and Namenda. Lewy bodies suspected. Romberg positive. Montreal Cognitive Assessment 17/30.",
    "Hickman catheter site clean. Penrose drain out. Salem sump to LIWS. TED hose and Venodynes on. Hoyer lift for transfers. Trendelenburg position tolerated.",
    "Ortolani and Barlow negative. Epstein pearls noted. Erb palsy resolving. Dubowitz 38 weeks. Hepatitis B vaccine and vitamin K given.",
    "Problem List: Addison disease; Cushing syndrome; Marfan habitus; Wegener granulomatosis; Bell palsy; Meniere disease; Dupuytren contracture.",
    "Wells score 3. HAS-BLED 2. Child-Pugh B. MELD 14. APACHE II 18. Mallampati II. ASA III. Karnofsky 70. ECOG 1. GAF 55. CAGE 0/4.",
    "Drug Allergies: Sulfa, Codeine (nausea), Keflex, IV Dye. Environmental: Bermuda grass.",
    "May resume diet. Will check level. Hope to wean. Grace period. Joy in activities lost. Early satiety. Good strength. King-size bed. Page MD for temp >101.",
    "Green sputum. Black tarry stools. Gray zone. Hall walking TID with walker. Bell-shaped chest. Bone scan. Root canal. Knight brace. Berry aneurysm. Fox-Fordyce.",
    "NPO after midnight. IVF: D5 1/2NS with 20 KCl at 75 cc/hr. Activity: Bedrest with bathroom privileges. Isolation: Contact. Precautions: Aspiration, Fall.",
    "Start Rocephin and Zithromax. Continue Cardizem gtt. Haldol 2 mg prn. Ativan per CIWA. Narcan at bedside. Wean Levophed. Switch Unasyn to Levaquin.",
    "Spurling negative. Kernig and Brudzinski negative. Cullen and Grey Turner signs absent. Courvoisier sign absent. Charcot triad not met.",
    "Neer and Hawkins positive. Speed test negative. Apley scratch reduced. Ober positive. Thomas test negative. Q angle 14.",
    "CT: Hounsfield units 40. Morison pouch free. Douglas pouch fluid. Ludwig angina excluded. Zenker diverticulum, 2 cm. Luschka joint hypertrophy.",
    "Major Depressive Disorder, Recurrent, Moderate. Obsessive-Compulsive traits. Beck Depression Inventory 22. Young Mania Rating Scale 4. Columbia screen negative.",
    "Health Maintenance: Pap, DEXA, Cologuard, Gardasil, Pfizer bivalent, Fluzone High-Dose. Eye exam due. Foot exam done.",
    "Fuhrman grade 2. Stage IIIB. Bloom-Richardson 6/9. Auer rods present. Philadelphia chromosome negative. Coombs positive. Rh negative. Duffy a+.",
)

_PROGRESS = (
    "CLINIC NOTE - Family Practice\nName: {p.full} | DOB: {dob} | MRN {mrn} | Visit: {stamp} | Provider: {d.full}, <MD|FNP-BC|DO>",
    "?Chief complaint: <cough|knee pain|med refill|f/u of DM>. Informant: <patient|mother, {r.first}|{r.full} (spouse)>.",
    (1, (
        "{p.first} comes back today with {r.first}. Since our last visit on {shortdate} <he|she> has been to see {x.full} in rheumatology.",
        "Ms. {p.last} presents for follow up after her stay at {hospital} ({stamp}<-| to | - | through >{stamp}).",
        "Patient is here w/ son {r.first} who interprets. He has not felt right since {holiday}; saw {x.last} in the walk-in on {weekday}.",
        "Mr {p.last} is a {age} yo M, last seen by {e.first} {e.last} NP in {month}.",
    )),
    (4, _CLINICAL),
    (4, (
        "Got flu shot at {employer} on {shortdate}.",
        "Reviewed notes from {e.last} ({hospital}, {date}).",
        "Referred to {x.full}, podiatry; to {x.full}, DPM if no slots.",
        "Works nights at {employer}; wife {r.first} recently laid off from {employer}.",
        "Moved to {city} from {city} in {year} to be near grandkids {s.first}, {u.first} and {v.first}.",
        "Tells me {x.first} next door brings groceries.",
        "Stent placed {date} by <Dr |>{e.last} over at {short}.",
        "Needs letter for landlord ({x.full}, {street}, {city}).",
        "Hx: TKR {monthyear} ({x.last}), hysterectomy {year}, MVA {season}.",
        "Daughter-in-law {s.full} manages pill box, reachable on {phone}.",
        "Glucometer serial {id}. CPAP from Lincare, device {id}.",
        "Spoke with {x.first} from {city} VNA: wound smaller.",
        "Return {shortdate} w/ me, {shortdate} w/ {x.last}.",
        "Records release signed; send to {x.full}, {box}, {city}, KS {zip}.",
        "Had {p.first}'s labs drawn at Quest, requisition {id}.",
        "Attorney {x.full} asked for a summary by {day}.",
    )),
    (1, (
        "{d.full}, MD - {stamp}",
        "Note authored by {d.full} {stamp} 5:02 PM; cosigned {e.full} {stamp} 5:44 PM",
        "Scribe: {x.full}. I, {d.full}, reviewed this note.",
        "{d.first} {d.last} MD FAAFP\n{hospital}, {street}\n{phone}",
        "/{d.ini}/ {stamp}",
    )),
)  # fmt: skip

_DISCHARGE = (
    "DISCHARGE NOTE\n{p.rev}  (MR# {mrn})\nAdmission Date: {day}     Discharge Date: {day}\nService: <MEDICINE|ORTHO>     Attending: {d.rev}\nPrimary Care: {e.full}\nDischarged to: {hospital}",
    (1, (
        "Brief HPI: {p.last} is an <independent|active> {age90} yo who was found by <her|his> neighbor {x.full} on {shortdate} after <she|he> missed church.",
        "Reason for admission: {p.full} was sent from {x.last}'s office in {city} with a heart rate in the 30s.",
        "History: {age}F with COPD, lives with niece {r.first} in {city}, admitted via {hospital} ED {stamp} 02:20.",
    )),
    (4, _CLINICAL),
    (4, (
        "#Afib: rate controlled. EP ({x.last}, {x.first}) to follow.",
        "#Hip fx: s/p ORIF {shortdate} with Dr. {x.last}. WBAT. Staples out {shortdate}.",
        "#GOC: MOLST completed {stamp} w/ {r.first} ({r.last}) present; <agent|alternate>: {s.full}.",
        "#Dispo: {hospital} accepts on {weekday}, bed {room}. Liaison {x.full} {phone}.",
        "Pending at discharge: AFB culture ({acc}); please forward to {e.last} at {fax}.",
        "Procedures: thoracentesis {shortdate} ({x.last}), bronch {shortdate} (Drs. {x.last} and {x.last}).",
        "Appointments: {x.full} - {day} 1:00 PM - {street}, {city}",
        "{x.full}, MD (Cardiology) {day} at 11:45 AM, {phone}",
        "Watchman device, lot {id}, serial no. {id}; card given to {r.first}.",
        "<Her|His> sister {s.first} flew in from {city} on {shortdate}.",
        "If fevers, call {x.full} RN at {phone} or page {pager}.",
        "Patient's family calls him {p.nick}.",
    )),
    (1, (
        "Prepared by: {x.full}, MD (Intern)   Attending of record: {d.full}\nCC: {e.full}; {x.full}",
        "{d.full_caps}, MD\n{d.ini3} / {t.ini3} / {id}\ndictated {stamp}, typed {stamp}",
        "Time spent: 35 min.   {d.full}, MD, {stamp} 12:12",
    )),
)  # fmt: skip

_NURSING = (
    "RN NOTES {stamp}\nPatient {p.rev}, bed {room}, acct {id}",
    (4, (
        "0645: Bedside handoff from {n.full}. Pt drowsy, easily aroused.",
        "0810: {r.first} (wife) called, updated. Password verified. Wants {d.last} to call back at {phone}.",
        "0930: {x.first} from PT ambulated pt 50 ft w/ RW.",
        "1015: Dr. {d.last} rounding w/ {x.first} (pharmD) and {x.last} (case mgmt).",
        "1122: IV infiltrated L forearm, replaced 20g by IV team ({x.first}).",
        "1250: To CT w/ transporter {x.first}, returned 1330.",
        "1500: Pt tearful re: anniversary of husband {s.first}'s death ({shortdate}).",
        "1610: Visitor {x.full} asked to leave by security officer {x.last}.",
        "1745: 1 unit PRBC, unit # {id}, checked w/ {x.il} RN.",
        "1900: Pt resting. Hourly rounding done. Pain 3/10 after Dilaudid 0.5 mg.",
        "2330: Tele called: 8 beats NSVT. {x.last} MD aware, no orders.",
        "0400: Labs drawn from port by {n.first}.",
        "Belongings: dentures, phone, ID card {id} given to son {s.full}.",
    )),
    (2, _CLINICAL),
    (1, ("{n.full} RN, BSN", "{n.rev} RN", "Charted by {n.first} {n.last}, RN at {stamp} 1933", "{n.il}, LVN", "signed {n.ini} RN")),
)  # fmt: skip

_PHONE = (
    "Incoming call {stamp} at 2:05p\nFrom: {r.full}    Relationship: <wife|son|aunt>    Ph: {phone}\nRegarding: {p.rev} ({mrn})",
    (4, (
        "{r.first} states {p.first} is out of Norco and {d.last} is out until {weekday}.",
        "Told {r.first} to take {p.first} to {hospital} if breathing worsens.",
        "LM for {x.first} at {hospital}, ext {pager}.",
        "Returned call to {x.full}; no answer at {phone}, tried {phone}.",
        "Pharmacist {x.first} at {employer} on {street} says rx was written by {x.last}.",
        "Coumadin dosing: INR 3.4 on {shortdate}; recheck {shortdate}. <Told|Informed> {s.first}.",
        "Appt cancelled for {shortdate} d/t snow, rebooked {day} w/ {e.full}.",
        "Verified name, dob {dob}, and address {own_street}, {own_city} {own_zip}.",
        "Alternate number for pt: {own_phone}; email {email}",
        "Fax disability form to {fax} attn {x.full}, claim {id}.",
        "UHC ID {id}; rep {x.first} (ref# {id}) says PA denied.",
        "Dr {d.last} pls advise",
    )),
    (1, ("{t.first}, triage nurse", "{t.full} (front desk)", "msg taken by {t.li}", "{t.full}, CMA {stamp}", "Forwarded to {d.full} by {t.first} {t.last}")),
)  # fmt: skip

_TRIAGE = (
    "EMERGENCY DEPARTMENT RECORD\n{hospital}\nPt Name: {p.rev_caps}   Age/Sex: {age} <F|M>   Med Rec: {mrn}   FIN: {id}\nDate/Time seen: {stamp} 03:17   MD: {d.last_caps}",
    (4, (
        "HPI: {age} yo presents after altercation w/ roommate {s.first}. EMS crew: {x.last}/{x.last}, run # {id}.",
        "Mother, {r.first}, states child fell off monkey bars at {employer}.",
        "Next of kin: {r.full}, {own_street}, {own_city}. Tel {phone}.",
        "Pt says <his|her> name is {p.first} but ID says {s.full}.",
        "Struck by vehicle (tag {plate}) on {street} near {city}.",
        "Trooper {x.full} requests BAL; chain of custody # {id}.",
        "Pt recently incarcerated, released {date}. PO: {x.full}.",
        "Transfer from {hospital} ({x.last} accepting). CD of images sent.",
        "Discussed w/ {x.last} (ortho), {x.last} (trauma).",
        "Re-eval 0520: feels better. {r.first} will drive home.",
        "Signed out to {x.full} at change of shift.",
        "Prior visit {stamp} w/ {x.il} for same.",
        "SSN {ssn}; no insurance. Lives in a van (VIN {vin}).",
    )),
    (3, _CLINICAL),
    "?{d.full}, MD (attending) / {x.full}, PA (APP)",
)  # fmt: skip

_SOCIAL = (
    "CASE MANAGEMENT / PSYCHOSOCIAL\n{stamp}\nClient: {p.full}   D.O.B. {dob}   Medicaid no. {id}",
    (6, (
        "Writer visited {p.first} at home, {own_street}, {own_city}. Also present: {r.full} (roommate).",
        "Childhood: grew up in {city}, the youngest of 5; father {x.first} drank; stepmother {x.full}.",
        "Married {x.first} in {year}, divorced; current fiance {s.first} works at {employer}.",
        "Kids: {s.first} ({year}), {u.first} ({year}); the latter is placed with foster mother {x.full}.",
        "Probation officer {x.full}, {phone}. Court date {day}, case no. {id}.",
        "Food stamps recert due {month}. SSI payee: {x.full}.",
        "Sponsor is {x.fi}; goes to AA on {weekday} nights at {hospital}.",
        "Best friend {x.first} OD'd in {season}.",
        "Client texts from {phone}; emails as {email}.",
        "School: {employer}, teacher {x.last}, counselor {x.full}.",
        "Imam {x.last} and Rabbi {x.last} offered visits.",
        "Landlady {x.full} threatens eviction by {day}.",
        "Has car: plate {plate}; license suspended ({id}).",
        "Telehealth from {ip}; link {url}.",
        "Wants to be home by {holiday}. {p.first} identifies hope, humor and music as strengths.",
    )),
    (1, ("{t.full}, LMSW", "{t.full}, RN, CCM - case manager  ({phone})", "Completed by {t.rev}, LCSW-C {stamp}")),
)  # fmt: skip

DOCUMENTS = (_PROGRESS, _DISCHARGE, _NURSING, _PHONE, _TRIAGE, _SOCIAL)
CLINICAL = _CLINICAL
