-- severity: warning
-- tables: genomics.file
-- reason: another-assembly
-- Files with records of another assembly than most files are of, or of one that they don't tell: positions alone never
-- compare between them.
SELECT
    count(*) FILTER (WHERE assembly IS DISTINCT FROM (
        SELECT mode(assembly) FROM genomics.file WHERE number_of_records > 0
    )) AS failing,
    count(*) AS total
FROM genomics.file
WHERE number_of_records > 0
