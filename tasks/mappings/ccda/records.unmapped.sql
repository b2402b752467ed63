-- source: ccda.other
-- One row for each document and each entry that has no table: what the allow-list lets through, by its path.
SELECT
    _record, _owner, _version, _digest,
    record_id,
    person_id,
    record_type,
    to_json({
        'codes': list_transform(
            range(1, len(code_places) + 1),
            lambda i: {'at': code_places[i], 'system': systems[i], 'code': codes[i], 'display': displays[i]}
        ),
        'dates': list_transform(
            range(1, len(date_places) + 1),
            lambda i: {
                'at': date_places[i],
                'date': CASE WHEN getvariable('profile') = 'safe_harbor' THEN year(dates[i])::VARCHAR
                    ELSE dates[i]::VARCHAR END
            }
        ),
        'numbers': list_transform(
            range(1, len(number_places) + 1), lambda i: {'at': number_places[i], 'value': numbers[i], 'unit': units[i]}
        ),
        'texts': list_transform(
            range(1, len(text_places) + 1), lambda i: {'at': text_places[i], 'text': texts[i]}
        )
    })::VARCHAR AS resource
FROM ccda_other
