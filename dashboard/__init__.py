"""The QC web application, over the ledger and the store."""
