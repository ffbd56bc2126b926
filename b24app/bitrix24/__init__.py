"""The portal as we see it: the only place with Bitrix24 names, and the only one that imports fast_bitrix24."""
