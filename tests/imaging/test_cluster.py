"""Objects made on a cluster of processes are those made in one process, to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.uid import RLELossless

from tests.dicom_files import image
from tests.flows.house import House
from tests.imaging.nights import contents, image_house, image_night
from tests.imaging.pictures import document, save, uids, ultrasound

CLUSTER = {"NIGHTROUNDS_DASK__MODE": "local", "NIGHTROUNDS_DASK__WORKERS": "2"}


def _deliver(house: House) -> None:
    pacs = house.add("pacs", "dicom")
    for number in range(3):
        one = image(**uids(number, number), PatientID=f"P-{number}", StudyDate="20230506")
        save(pacs / f"{number}.dcm", one)
    packed = ultrasound(11, "DOE JANE 4712\nDEPTH 16 cm")
    packed.compress(RLELossless, generate_instance_uid=False)
    save(pacs / "packed.dcm", packed)
    save(pacs / "letter.dcm", document(12))


def test_objects_of_a_cluster_are_those_of_one_process(
    tmp_path: Path, own_environment: pytest.MonkeyPatch
) -> None:
    alone, cluster = image_house(tmp_path / "alone"), image_house(tmp_path / "cluster")
    made = []
    for house, environment in ((alone, {}), (cluster, CLUSTER)):
        _deliver(house)
        night = image_night(house, **environment)
        assert night.objects["status"] == {"held": 1, "written": 4} and night.objects["boxes hidden"] == 1
        made.append(contents(house))
    assert len(made[0]) == 8, "a preview beside each"
    assert made[0] == made[1]
    tables = [house.rows("imaging.object").drop("_recipe").sort("instance_id") for house in (alone, cluster)]
    assert tables[0].equals(tables[1])
