"""Identifiers planted in a header, each with what PS3.15 asks of it under the options that `expert` chooses.

The options: Retain Safe Private, Patient Characteristics, Modified Dates, Clean Descriptors, Clean Structured Content.
The actions are written here by hand from Table E.1-1 and E.3: the engine's own table is what is being tested.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from benchmarks.scored.people import SCRIPTS, Patient
from benchmarks.scored.truth import CLEANED, KEPT, PATIENT, REMOVED, REPLACED, SHIFTED, UID, WORDS, Plant

GONE: dict[str, str] = {
    "OtherPatientIDs": "{mrn}X",
    "OtherPatientNames": "{family}^{given}^M",
    "PatientBirthName": "{operator}^{given}",
    "PatientMotherBirthName": "{doctor}^ANNA",
    "PatientBirthTime": "104200",
    "PatientAddress": "{street}, {city}",
    "PatientTelephoneNumbers": "{phone}",
    "CountryOfResidence": "ATLANTIS",
    "RegionOfResidence": "{city}",
    "MedicalRecordLocator": "LOC{mrn}",
    "MilitaryRank": "LIEUTENANT",
    "BranchOfService": "COAST GUARD",
    "PatientReligiousPreference": "QUAKER",
    "ReferringPhysicianAddress": "{street}",
    "ReferringPhysicianTelephoneNumbers": "{phone}",
    "PhysiciansOfRecord": "{doctor}^{doctor_given}",
    "PerformingPhysicianName": "{operator}^IVO",
    "NameOfPhysiciansReadingStudy": "{doctor}^{doctor_given}^^Dr.",
    "RequestingPhysician": "{doctor}",
    "ResponsiblePerson": "{operator}^{family}",
    "ResponsibleOrganization": "{hospital}",
    "InstitutionAddress": "{street}, {city}",
    "InstitutionalDepartmentName": "Radiology {hospital}",
    "PlateID": "PL{accession}",
    "CassetteID": "CA{accession}",
    "GantryID": "GA{accession}",
    "RequestingService": "{hospital}",
    "PerformedLocation": "{hospital}",
    "PerformedStationName": "ST{accession}",
    "PerformedStationAETitle": "AE{accession}",
    "AdmissionID": "AD{mrn}",
    "CurrentPatientLocation": "{hospital}",
    "PatientInstitutionResidence": "{street}",
    "IssuerOfPatientID": "{hospital}",
    "NamesOfIntendedRecipientsOfResults": "{doctor}^{doctor_given}",
    "OrderEnteredBy": "{operator}^IVO",
    "OrderEntererLocation": "{hospital}",
    "OrderCallbackPhoneNumber": "{phone}",
    "PersonAddress": "{street}",
    "PersonTelephoneNumbers": "{phone}",
    "InsurancePlanIdentification": "INS{mrn}",
}
"""Action X: keyword and value."""
EMPTIED: dict[str, str] = {
    "AccessionNumber": "{accession}",
    "StudyID": "ST{mrn}",
    "ReferringPhysicianName": "{doctor}^{doctor_given}",
    "ConsultingPhysicianName": "{doctor}^{doctor_given}",
    "PlacerOrderNumberImagingServiceRequest": "PO{accession}",
    "FillerOrderNumberImagingServiceRequest": "FO{accession}",
}
"""Action Z."""
REPLACEABLE: dict[str, str] = {
    "PatientName": "{name}",
    "InstitutionName": "{hospital}",
    "StationName": "ST{accession}",
    "DeviceSerialNumber": "SN{accession}",
    "OperatorsName": "{operator}^IVO",
    "DetectorID": "DET{accession}",
    "ContentCreatorName": "{operator}^IVO",
}
"""Compound actions: what stands there then depends on the IOD; that it is another value does not."""
DATES = (
    "StudyDate SeriesDate AcquisitionDate ContentDate InstanceCreationDate DateOfSecondaryCapture LastMenstrualDate "
    "PerformedProcedureStepStartDate PerformedProcedureStepEndDate AdmittingDate DateOfLastCalibration"
).split()
TEXTS: dict[str, tuple[str, ...]] = {
    "tune": (
        "CT abdomen with contrast for {family}|abdomen contrast",
        "MRI brain {given} {family} follow-up glioma|brain glioma",
        "Chest PA {mrn} pneumonia|Chest pneumonia",
        "ultrasound liver, pt {family}, {given}, cirrhosis|ultrasound liver cirrhosis",
        "Knee left, requested by Dr. {doctor}, meniscus tear|Knee meniscus tear",
        "fracture of femur, call {phone}|fracture femur",
        "Study read at {hospital}: pulmonary nodule|pulmonary nodule",
        "acc {accession} thorax axial 2.5 mm|thorax axial 2.5",
        "{family}^{given} T2 FLAIR sagittal|T2 FLAIR sagittal",
    ),
    "sealed": (
        "Post contrast kidney series of {given} {family}|contrast kidney",
        "lumbar spine, disc herniation L4 L5, {family}|lumbar spine disc herniation",
        "{mrn} mammography screening dense breast|mammography screening breast",
        "Pelvis AP. Referred by {doctor}. Hip prosthesis|Pelvis Hip prosthesis",
        "Aortic aneurysm 5.4 cm, phone {phone}|aneurysm 5.4",
        "{hospital} - thyroid ultrasound - nodule|thyroid ultrasound nodule",
        "DWI b 1000 {family} {given} acute stroke|DWI stroke",
        "order {accession} shoulder rotator cuff|shoulder rotator cuff",
    ),
}
"""A description with identifiers, and the words that are to stay."""
DESCRIBED = (
    "StudyDescription SeriesDescription ProtocolName ImageComments PatientComments AdditionalPatientHistory "
    "AdmittingDiagnosesDescription RequestedProcedureDescription ReasonForStudy AcquisitionProtocolDescription "
    "DerivationDescription PerformedProcedureStepDescription CommentsOnThePerformedProcedureStep "
    "RequestedProcedureComments ImagingServiceRequestComments StudyComments VisitComments "
    "ReasonForTheRequestedProcedure"
).split()
MAKERS = (
    ("SIEMENS", "SOMATOM Definition AS"), ("GE MEDICAL SYSTEMS", "Discovery CT750 HD"), ("Philips", "Ingenia"),
    ("TOSHIBA", "Aquilion"), ("FUJIFILM Corporation", "FCR"), ("Agfa-Gevaert", "ADC_51xx"),
    ("HOLOGIC, Inc.", "Selenia"),
    ("SAMSUNG MEDISON CO., LTD.", "HS70A"), ("Carestream Health", "DRX-Evolution"), ("Esaote", "MyLab"),
    ("Siemens Healthineers", "MAGNETOM Vida"),
    ("Canon Medical Systems", "Vantage Titan"), ("Hitachi Medical", "ARIETTA"),
)  # fmt: skip
SAFE = (
    (0x0019, "GEMS_ACQU_01", 0x23, "DS", "5.62"), (0x0043, "GEMS_PARM_01", 0x39, "IS", "800"),
    (0x2001, "Philips Imaging DD 001", 0x03, "FL", 700.0), (0x0045, "GEMS_HELIOS_01", 0x02, "FL", 0.5),
)  # fmt: skip


class Planter:
    """Plants into one data set and notes what it planted.

    Args:
        dataset: of pydicom.
        patient: whose it is.
        rng: draws.
        part: of `TEXTS`.
    """

    def __init__(self, dataset: Any, patient: Patient, rng: Random, part: str) -> None:
        self._dataset = dataset
        self._patient = patient
        self._rng = rng
        self._part = part
        self.plants: list[Plant] = []

    def plant_all(self, uids: dict[str, str], made: date) -> None:
        """Everything a header can hold."""
        self._script()
        self._names()
        self._dates(made)
        self._texts()
        self._kept()
        self._uids(uids)
        self._nested(uids, made)
        self._private()

    def note(self, action: str, path: str, value: str, **more: tuple[str, ...]) -> None:
        """Take a plant down."""
        self.plants.append(Plant(action, path, value, **more))

    def filled(self, template: str) -> tuple[str, tuple[str, ...]]:
        """A template filled, and what was filled in."""
        patient = self._patient
        names = [n for n in ("family", "given", "mrn", "accession", "phone", "doctor", "hospital", "operator",
                             "street", "city", "doctor_given", "name") if "{" + n + "}" in template]  # fmt: skip
        values = {n: str(getattr(patient, n)) for n in names}
        tokens = tuple(
            t
            for n in names
            for t in ([values[n]] if n != "name" else patient.name.replace("=", "^").split("^"))
        )
        return template.format(**values), tokens

    def _script(self) -> None:
        if self._patient.script:
            self._dataset.SpecificCharacterSet = SCRIPTS[self._patient.script][0]

    def _names(self) -> None:
        self._dataset.PatientID = self._patient.mrn
        self.note(PATIENT, "PatientID", self._patient.mrn)
        self._dataset.PatientBirthDate = f"{self._patient.born:%Y%m%d}"
        self.note(REMOVED, "PatientBirthDate", f"{self._patient.born:%Y%m%d}")
        for keywords, action in ((GONE, REMOVED), (EMPTIED, REMOVED), (REPLACEABLE, REPLACED)):
            for keyword, template in keywords.items():
                self._set(self._dataset, keyword, action, "", template)

    def _set(self, dataset: Any, keyword: str, action: str, prefix: str, template: str) -> None:
        from pydicom.datadict import dictionary_VR, tag_for_keyword

        value, tokens = self.filled(template)
        limit = _LIMITS.get(dictionary_VR(tag_for_keyword(keyword) or 0), 1024)
        setattr(dataset, keyword, value[:limit])
        self.note(action, prefix + keyword, value[:limit], tokens=tokens)

    def _dates(self, made: date) -> None:
        for days, keyword in enumerate(DATES):
            value = f"{made - timedelta(days=days % 3):%Y%m%d}"
            setattr(self._dataset, keyword, value)
            self.note(SHIFTED, keyword, value)
        self._dataset.AcquisitionDateTime = f"{made:%Y%m%d}101530.25"
        self.note(SHIFTED, "AcquisitionDateTime", self._dataset.AcquisitionDateTime)
        self._dataset.StudyTime = "101530"
        self.note(KEPT, "StudyTime", "101530")

    def _texts(self) -> None:
        for keyword in DESCRIBED:
            self._describe(self._dataset, keyword, "")

    def _describe(self, dataset: Any, keyword: str, prefix: str) -> None:
        template, words = self._rng.choice(TEXTS[self._part]).split("|")
        value, tokens = self.filled(template)
        value = value[:64]
        words = " ".join(w for w in words.split() if w in value)
        setattr(dataset, keyword, value)
        self.note(CLEANED, prefix + keyword, value, tokens=tokens)
        self.note(WORDS, prefix + keyword, value, words=tuple(words.split()))

    def _kept(self) -> None:
        maker, model = self._rng.choice(MAKERS)
        age = self._patient.age
        values = {
            "Manufacturer": maker, "ManufacturerModelName": model,
            "BodyPartExamined": self._rng.choice(("CHEST", "HEAD", "KNEE")),
            "PatientSex": self._rng.choice("MF"), "PatientSize": "1.71", "PatientWeight": "68.5",
            "PatientAge": f"{age:03d}Y",
            "SliceThickness": "2.5", "KVP": "120", "ConvolutionKernel": "B30f", "SeriesNumber": "3",
            "InstanceNumber": "7",
            "SequenceName": "*tse2d1_15", "ScanOptions": "HELICAL MODE", "PatientPosition": "HFS", "FilterType": "BODY",
            "EchoTime": "90", "RepetitionTime": "3000", "FlipAngle": "15",
            "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
            "ImagePositionPatient": ["-180.5", "-166", "12.5"],
        }  # fmt: skip
        for keyword, value in values.items():
            setattr(self._dataset, keyword, value)
            spelled = "\\".join(value) if isinstance(value, list) else value
            if keyword == "PatientAge" and age >= 90:
                self.note(REPLACED, keyword, spelled, tokens=(spelled,) if age != 90 else ())
            else:
                self.note(KEPT, keyword, spelled)

    def _uids(self, uids: dict[str, str]) -> None:
        for keyword, uid in uids.items():
            if keyword.startswith("_"):
                continue
            setattr(self._dataset, keyword, uid)
            self.note(UID, keyword, uid)

    def _nested(self, uids: dict[str, str], made: date) -> None:
        from pydicom.dataset import Dataset

        def item() -> Any:
            return Dataset()

        request, reference, observer, code = item(), item(), item(), item()
        for keyword, template in {
            "ScheduledProcedureStepID": "SP{accession}",
            "RequestedProcedureID": "RP{accession}",
        }.items():
            self._set(request, keyword, REPLACED, "RequestAttributesSequence[0].", template)
        self._describe(request, "RequestedProcedureDescription", "RequestAttributesSequence[0].")
        self._describe(request, "ScheduledProcedureStepDescription", "RequestAttributesSequence[0].")
        request.ScheduledProcedureStepStartDate = f"{made:%Y%m%d}"
        self.note(SHIFTED, "RequestAttributesSequence[0].ScheduledProcedureStepStartDate", f"{made:%Y%m%d}")
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "24627-2", "LN", "CT Chest"
        request.RequestedProcedureCodeSequence = [code]
        self.note(
            KEPT, "RequestAttributesSequence[0].RequestedProcedureCodeSequence[0].CodeMeaning", "CT Chest"
        )
        self._dataset.RequestAttributesSequence = [request]
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = (
            "1.2.840.10008.5.1.4.1.1.2",
            uids["_other"],
        )
        self.note(UID, "ReferencedImageSequence[0].ReferencedSOPInstanceUID", uids["_other"])
        self.note(KEPT, "ReferencedImageSequence[0].ReferencedSOPClassUID", "1.2.840.10008.5.1.4.1.1.2")
        self._dataset.ReferencedImageSequence = [reference]
        self._set(
            observer,
            "VerifyingObserverName",
            REPLACED,
            "VerifyingObserverSequence[0].",
            "{doctor}^{doctor_given}",
        )
        self._set(observer, "VerifyingOrganization", REPLACED, "VerifyingObserverSequence[0].", "{hospital}")
        self._dataset.VerifyingObserverSequence = [observer]
        self._deep()

    def _deep(self) -> None:
        from pydicom.dataset import Dataset

        node, inner, outer = Dataset(), Dataset(), Dataset()
        path = "PerformedSeriesSequence[0].PerformedProtocolCodeSequence[0].ProtocolContextSequence[0]."
        self._set(node, "PersonName", REPLACED, path, "{family}^{given}")
        self._describe(node, "TextValue", path)
        inner.CodeValue, inner.CodingSchemeDesignator, inner.CodeMeaning = (
            "P5-0900",
            "SRT",
            "Magnetic resonance",
        )
        inner.ProtocolContextSequence = [node]
        self._set(outer, "PerformingPhysicianName", REMOVED, "PerformedSeriesSequence[0].", "{operator}^IVO")
        self._set(outer, "RetrieveAETitle", REPLACED, "PerformedSeriesSequence[0].", "AE{accession}")
        outer.PerformedProtocolCodeSequence = [inner]
        self._dataset.PerformedSeriesSequence = [outer]

    def _private(self) -> None:
        from pydicom.dataset import Dataset

        group, creator, element, vr, value = self._rng.choice(SAFE)
        self._dataset.private_block(group, creator, create=True).add_new(element, vr, value)
        self.note(KEPT, f"{group:04X}[{creator}]{element:02X}", str(value))
        for creator, group in (("SIEMENS CSA HEADER", 0x0029), ("ACME HIS 1.0", 0x0009)):
            block = self._dataset.private_block(group, creator, create=True)
            for element, (vr, template) in enumerate(_PRIVATE, 1):
                text, tokens = self.filled(template)
                block.add_new(element, vr, text.encode("utf-8", "replace") if vr in ("UN", "OB") else text)
                self.note(REMOVED, f"{group:04X}[{creator}]{element:02X}", text, tokens=tokens)
            inner = Dataset()
            inner.PatientName = self._patient.name
            block.add_new(0x20, "SQ", [inner])
            self.note(REMOVED, f"{group:04X}[{creator}]20", "a sequence")


_LIMITS = {"SH": 16, "AE": 16, "LO": 64}
_PRIVATE = (
    ("LO", "{family}, {given}"),
    ("UN", "{mrn} {family}"),
    ("DS", "4711.5"),
    ("LT", "seen by {doctor} in {hospital}"),
    ("OB", "{family}^{given}^{phone}"),
)
