"""A Bitrix24 portal and its auth server on this machine, written from the portal's documentation.

The package knows nothing of any particular app: whoever meets it meets it over HTTP.
"""
