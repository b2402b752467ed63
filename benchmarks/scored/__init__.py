"""A scored set of images: identifiers planted in headers and pixels, the truth beside them, scored action by action.

Made after the manner of MIDI-B (the Medical Image De-Identification Benchmark, 2024): not whether a file looks clean,
but for each element and each burned-in line, whether the right thing was done.
"""
