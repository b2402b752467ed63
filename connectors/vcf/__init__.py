"""VCF 4.x exports: plain, gzip, bgzip, and BCF 2."""

from connectors.vcf.connector import VcfConnector

__all__ = ["VcfConnector"]
