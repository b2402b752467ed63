"""VCF: de-identification and standardising in one, since an export declares its columns itself."""
