"""Which records of the genomics tables readers and exports are not to see."""
