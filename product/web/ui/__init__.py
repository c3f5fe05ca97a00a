"""The pages people see, one file per tab."""
