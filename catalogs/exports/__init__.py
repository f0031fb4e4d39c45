"""Preservation exports: records in, text out. Nothing here opens a file of the archive.

subject.py       what is exported: one restored reel, as the ledger and its manifest know it
source_type.py   IPTC digital source type: was anything altered, was anything invented
premis*.py       PREMIS 3 (Library of Congress): objects, events, agents
timeline.py      the shot list as OpenTimelineIO and as CMX 3600 EDL
shot_csv.py      the shot list as a table, and cells that are safe in a spreadsheet
shot_reading.py  a corrected shot list, from any of the three, as frame ranges
catalog_csv.py   one row a derivative for the archive's catalog system
bag_info.py      what a bag says of itself (BagIt, RFC 8493)
"""
