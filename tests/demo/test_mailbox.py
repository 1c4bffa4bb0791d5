"""The mail sink keeps every message."""

import asyncio
import smtplib
from email.message import EmailMessage

from launchready.demo.mailbox import Mailbox


def test_a_message_is_kept_as_it_was_sent() -> None:
    """Recipient, subject and text of a message sent over SMTP can be read again, by recipient."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@mail.example", "b@mail.example", "Grüße"
    mail.set_content("open https://coach.example/confirm?token=1\n")

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as smtp:
            smtp.send_message(mail)

    async def scenario() -> Mailbox:
        async with Mailbox() as mailbox:
            await asyncio.to_thread(send, mailbox.port)
            return mailbox

    mailbox = asyncio.run(scenario())
    (kept,) = mailbox.to("b@mail.example")
    assert kept["subject"] == "Grüße"
    assert "confirm?token=1" in kept.get_content()
    assert mailbox.to("a@mail.example") == []
