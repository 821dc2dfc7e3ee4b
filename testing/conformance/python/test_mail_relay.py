"""Mail on its way to a relay: nothing is lost, whatever the relay does, and whatever happens to the server."""

import threading
from contextlib import contextmanager

import pytest

from relay import HANG, HANG_UP, Relay, certificates
from tidegate import Server


@contextmanager
def sending(url, *arguments):
    with Server("--virtual-clock", "--smtp", url, *arguments) as server:
        ses = server.client("ses")
        ses.verify_email_identity(EmailAddress="sender@example.com")
        server.settle()
        try:
            yield server, ses
        except BaseException:
            print(server.log())
            raise


def send(ses, *to, text="Hallo", subject="x"):
    return ses.send_email(
        Source="sender@example.com",
        Destination={"ToAddresses": list(to or ["bob@example.com"])},
        Message={"Subject": {"Data": subject}, "Body": {"Text": {"Data": text}}},
    )["MessageId"]


def states(server, sent):
    delivery = server.request("GET", f"/_tidegate/mail/{sent}").json()["delivery"]
    return {one["recipient"]: (one["state"], one["diagnosis"]) for one in delivery["recipients"]}


def own(relay):
    """The mails of the test: a verification mail may have gone first."""
    return [mail for mail in relay.mails if b"\r\nSubject: x\r\n" in b"\r\n" + mail["mime"]]


def test_a_mail_leaves(tmp_path):
    with Relay() as relay, sending(relay.url) as (server, ses):
        sent = send(ses, "bob@example.com", "eve@example.com", text=".\n..\nende")
        server.settle()
        mail, = own(relay)
        assert sorted(mail["to"]) == ["bob@example.com", "eve@example.com"]
        assert mail["mime"].rstrip() == server.request("GET", f"/_tidegate/mail/{sent}/raw").body.rstrip()
        assert {state for state, _ in states(server, sent).values()} == {"delivered"}


def test_one_of_three_is_refused_and_one_is_greylisted():
    with Relay() as relay, sending(relay.url) as (server, ses):
        relay.once("RCPT TO:<no@example.com>", "550 5.1.1 no such user")
        relay.once("RCPT TO:<grey@example.com>", "450 4.2.0 greylisted")
        sent = send(ses, "yes@example.com", "no@example.com", "grey@example.com")
        assert server.settle()["waiting"], "what waits for its next attempt is said to wait"
        assert states(server, sent) == {
            "yes@example.com": ("delivered", "250 2.0.0 Ok"),
            "no@example.com": ("bounced", "smtp; 550 5.1.1 no such user"),
            "grey@example.com": ("waiting", "smtp; 450 4.2.0 greylisted"),
        }
        server.advance("PT5M")
        assert states(server, sent)["grey@example.com"] == ("delivered", "250 2.0.0 Ok")
        assert [mail["to"] for mail in own(relay)] == [["yes@example.com"], ["grey@example.com"]]


@pytest.mark.parametrize("trouble", ["421 4.3.2 going down", HANG_UP])
@pytest.mark.parametrize("command", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "."])
def test_a_relay_that_breaks_off_gets_it_again(command, trouble):
    with Relay() as relay, sending(relay.url) as (server, ses):
        # The first conversation begins anew: an idle connection would be replaced at once.
        relay.once(command, trouble, times=2)
        sent = send(ses)
        server.settle()
        server.advance("PT30M")
        assert states(server, sent)["bob@example.com"][0] == "delivered"
        assert len(own(relay)) == 1


def test_a_relay_that_hangs_is_cut():
    with Relay() as relay, sending(relay.url + "?timeout=1") as (server, ses):
        relay.once("DATA", HANG)
        sent = send(ses)
        server.settle()
        state, diagnosis = states(server, sent)["bob@example.com"]
        assert state == "waiting" and "timed out" in diagnosis
        server.advance("PT5M")
        assert states(server, sent)["bob@example.com"][0] == "delivered"


def test_a_relay_that_is_away_gets_everything_when_it_is_back():
    with Relay() as relay:
        port, url = relay.port, relay.url
    with sending(url) as (server, ses):
        sent = [send(ses, f"user{number}@example.com") for number in range(20)]
        server.settle()
        with Relay(port) as relay:
            server.advance("PT1H")
            assert sorted(mail["to"][0] for mail in own(relay)) == sorted(f"user{number}@example.com" for number in range(20))
            assert all(state[0] == "delivered" for one in sent for state in states(server, one).values())


def test_patience_runs_out():
    with Relay() as relay, sending(relay.url) as (server, ses):
        relay.once("MAIL", "451 4.3.0 not now", times=1000)
        sent = send(ses)
        server.settle()
        server.advance("PT13H")
        assert states(server, sent)["bob@example.com"][0] == "waiting"
        server.advance("PT2H")
        state, diagnosis = states(server, sent)["bob@example.com"]
        assert state == "bounced"
        assert diagnosis == "smtp; 554 4.4.7 Message expired: unable to deliver in 840 minutes.<451 4.3.0 not now>"


def test_no_mail_is_lost_when_the_server_is_killed():
    with Relay() as relay, sending(relay.url) as (server, ses):
        for round in range(3):
            relay.once(".", HANG, times=4)
            answered, stop = [], threading.Event()

            def keep_sending(number):
                client = server.client("ses")
                for count in range(1000):
                    if stop.is_set():
                        return
                    to = f"r{round}-{number}-{count}@example.com"
                    try:
                        send(client, to)
                    except Exception:
                        return
                    answered.append(to)

            threads = [threading.Thread(target=keep_sending, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            before = len(relay.mails)
            relay.wait_for(".")
            while len(answered) < 40:
                threads[0].join(0.01)
            server.kill()
            stop.set()
            for thread in threads:
                thread.join()
            relay.forget()
            server.start()
            server.settle()
            got = [mail["to"][0] for mail in own(relay)]
            assert set(answered) <= set(got), f"round {round}: {len(set(answered) - set(got))} lost"
            assert len(relay.mails) >= before + len(answered)


def test_connections_are_bounded_and_used_again():
    with Relay() as relay, sending(relay.url) as (server, ses):
        for number in range(100):
            send(ses, f"user{number}@example.com")
        server.settle()
        assert len(own(relay)) == 100
        assert relay.most_open <= 4
        assert relay.connections < 50


def test_starttls_with_an_authority_of_ones_own_and_a_login(tmp_path):
    tls = certificates(tmp_path)
    with Relay(tls=tls, login=("me", "p:w")) as relay:
        url = f"smtp://me:p%3Aw@localhost:{relay.port}?tls=required&ca={tls[0]}"
        with sending(url) as (server, ses):
            send(ses)
            server.settle()
            mail, = own(relay)
            assert mail["secure"]
        assert [one for one in relay.commands if one.startswith("AUTH")][0] == "AUTH PLAIN AG1lAHA6dw=="


def test_tls_from_the_first_byte(tmp_path):
    tls = certificates(tmp_path)
    with Relay(tls=tls, implicit=True) as relay:
        with sending(f"smtps://localhost:{relay.port}?ca={tls[0]}") as (server, ses):
            send(ses)
            server.settle()
            assert own(relay)[0]["secure"]


def test_a_certificate_that_is_not_trusted_keeps_mail_waiting(tmp_path):
    (tmp_path / "other").mkdir()
    tls, other = certificates(tmp_path), certificates(tmp_path / "other")
    with Relay(tls=tls) as relay:
        with sending(f"smtp://localhost:{relay.port}?tls=required&ca={other[0]}") as (server, ses):
            sent = send(ses)
            server.settle()
            server.advance("P1D")
            state, diagnosis = states(server, sent)["bob@example.com"]
            assert state == "waiting" and "TLS" in diagnosis
            assert relay.mails == []
            # Opportunistic TLS keeps out who only listens, and asks for no papers.
            server.arguments = ("--virtual-clock", "--smtp", f"smtp://localhost:{relay.port}")
            server.stop()
            server.start()
            server.advance("PT4H")
            assert own(relay)[0]["secure"]


def test_a_refused_login_is_loud_and_loses_nothing():
    with Relay(login=("me", "right")) as relay:
        with sending(f"smtp://me:wrong@127.0.0.1:{relay.port}") as (server, ses):
            sent = send(ses)
            server.settle()
            server.advance("P2D")
            state, diagnosis = states(server, sent)["bob@example.com"]
            assert state == "waiting" and "535 5.7.8" in diagnosis
            assert "--smtp" in server.log() and "ERROR" in server.log()
            metrics = server.request("GET", "/_tidegate/metrics").text
            assert 'tidegate_mail_relay_failures_total{reason="settings"}' in metrics
            assert "wrong" not in server.log()
            server.arguments = ("--virtual-clock", "--smtp", f"smtp://me:right@127.0.0.1:{relay.port}")
            server.stop()
            server.start()
            # The longest pause between attempts is four hours, and up to an eighth more.
            server.advance("PT5H")
            assert len(own(relay)) == 1


def test_nonsense_is_refused_at_the_start():
    server = Server("--smtp", "http://mail")
    try:
        with pytest.raises(RuntimeError, match="smtp://"):
            server.start()
    finally:
        server.close()


def test_mail_waits_for_a_relay_that_was_taken_away():
    with Relay() as relay, sending(relay.url) as (server, ses):
        relay.once("MAIL", "451 4.3.0 not now")
        sent = send(ses)
        server.settle()
        server.arguments = ("--virtual-clock",)
        server.stop()
        server.start()
        assert "start with --smtp" in server.log()
        server.advance("PT1H")
        assert states(server, sent)["bob@example.com"][0] == "waiting"
        assert server.run("check", str(server.data)).returncode != 0, "a server has it open"
        server.stop()
        checked = server.run("check", str(server.data))
        assert checked.returncode == 0, checked.stdout + checked.stderr
        server.arguments = ("--virtual-clock", "--smtp", relay.url)
        server.start()
        server.settle()
        assert states(server, sent)["bob@example.com"][0] == "delivered"
