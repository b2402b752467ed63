"""Quality of variants and samples: counted from the lake's genotypes, file by file."""
