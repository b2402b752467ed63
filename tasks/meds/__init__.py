"""MEDS: the lake of a release as events in the Medical Event Data Standard 0.4."""
