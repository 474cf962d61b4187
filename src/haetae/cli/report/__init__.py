"""The self-contained HTML report of `haetae watch --report`: one file that can be mailed, archived and opened offline."""

from haetae.cli.report.write import ReportData, write_report

__all__ = ["ReportData", "write_report"]
