"""Planning the response to an event: the site's playbook says what may be done, models choose inside it, code checks what they chose."""
