"""CSV and its relatives: rows read exactly, in bounded memory, whatever is wrong with some of them."""
