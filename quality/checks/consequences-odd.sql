-- severity: warning
-- tables: genomics.consequence
-- reason: odd-consequence
-- Annotations with an impact that is none, a frequency outside 0 to 1, no term, or an allele that none of the record's is:
-- the annotator's layout is perhaps not the one that the header declares.
SELECT
    count(*) FILTER (WHERE coalesce(impact NOT IN ('HIGH', 'MODERATE', 'LOW', 'MODIFIER'), false)
        OR coalesce(frequency NOT BETWEEN 0 AND 1, false)
        OR (annotated_by IN ('CSQ', 'ANN') AND (consequences IS NULL OR (allele IS NOT NULL AND allele_index IS NULL)))
    ) AS failing,
    count(*) AS total
FROM genomics.consequence
