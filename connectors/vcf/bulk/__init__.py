"""VCF text in bulk: compiled kernels that must give what the plain path through htslib gives, cell for cell."""
