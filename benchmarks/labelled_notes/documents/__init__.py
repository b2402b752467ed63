"""Whole labelled documents: templates, names, spellings and noise, in a development and a sealed half."""
