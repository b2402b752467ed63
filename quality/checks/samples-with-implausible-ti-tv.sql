-- severity: warning
-- tables: genomics.sample_quality
-- reason: implausible-ti-tv
-- Samples with a thousand changes of one base or more, of which transitions are rarer than transversions (as among random
-- errors, 0.5) or far more than in exomes (about 3). Whole genomes have 2.0 to 2.1.
SELECT
    count(*) FILTER (WHERE transitions < transversions OR transitions > 4.5 * transversions) AS failing,
    count(*) AS total
FROM genomics.sample_quality
WHERE transitions + transversions >= 1000
