"""Labelled notes in the style of US hospitals, all invented: what de-identification of text is measured on.

Four sets of sentences with names of their own. Each but the first was measured before any rule was tuned on it, and its
first figures stand at its head: they tell what to expect of notes that nobody has looked at. All of them are easier
than real notes: sentences are few and grammatical, misspellings rare, and names stand where their author put them.

`documents` are whole notes, written before anybody looked at how the engine reads them, in two halves that share
neither templates nor names: the engine was improved on the fifth, and its errors on the sixth were never looked at.
"""
