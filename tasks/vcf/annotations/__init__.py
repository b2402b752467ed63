"""Annotations of variants: what VEP, SnpEff, LOFTEE and bcftools csq wrote into INFO, as rows of a table."""
