"""From verdicts and measurements to the tables that figures and report show."""
