"""Normalisation of variants: alleles left-aligned and trimmed, REF checked, files treated as bcftools does."""
