"""Every query there is: functions of a session or a connection, and nothing that decides."""
