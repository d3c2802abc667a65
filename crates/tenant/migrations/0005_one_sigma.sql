UPDATE tenant_user SET display_name_key = replace(display_name_key, 'ς', 'σ') WHERE display_name_key LIKE '%ς%';
UPDATE tenant_user_email SET address = replace(address, 'ς', 'σ') WHERE address LIKE '%ς%';
UPDATE tenant_group SET display_name_key = replace(display_name_key, 'ς', 'σ') WHERE display_name_key LIKE '%ς%';
UPDATE tenant_group SET claimed_name = replace(claimed_name, 'ς', 'σ') WHERE claimed_name LIKE '%ς%'
    AND replace(claimed_name, 'ς', 'σ') NOT IN (SELECT replace(claimed_name, 'ς', 'σ') FROM tenant_group
        WHERE claimed_name IS NOT NULL GROUP BY replace(claimed_name, 'ς', 'σ') HAVING count(*) > 1);
