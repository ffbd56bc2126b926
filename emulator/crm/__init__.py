"""The CRM of a portal: records, links, user fields, requisites, timeline, card layouts. No HTTP here."""
