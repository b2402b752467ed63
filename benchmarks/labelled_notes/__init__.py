"""Labelled notes in the style of US hospitals, all invented: what de-identification of text is measured on.

`templates`, `templates_more` and `templates_third` are what the rules were written against; `held_out` has other
sentences and other names, and was measured first and only then looked at. All of them are easier than real notes:
sentences are few and grammatical, misspellings rare, and names stand where their author put them.
"""
