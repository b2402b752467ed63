"""From the genomics tables back to VCF: the same records, fields and order, under de-identified names."""
