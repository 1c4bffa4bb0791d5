"""Private words in paths, in ten languages; public pages stay cacheable."""

import pytest

from launchready.core.cache.private_paths import PRIVATE_PATHS, is_availability, is_private_path


def words(text):
    return text.split()


PRIVATE = words("""
/login /sign-up /password/reset /account /my/account /myAccount /me /profile/edit /admin /orders/7 /checkout /cart /payments/7
/webhooks/stripe /bookings /booking-confirm /patients/3 /customers/3 /users/7 /members /invoices/2024 /api/v1/users/7
/account.php /account;v=1 /user_profile_edit /prescriptions /messages /healthz
/konto /mein-konto /meinKonto /buchung /buchungen/7 /termine /anmelden /abmelden /passwort-vergessen /warenkorb /kasse
/bestellungen/7 /rechnung/7 /zahlung /kunden/3 /patienten/3 /einstellungen /gäste/3 /gaeste/3
/compte /mon-compte/factures /réservations /reservations /rendez-vous /connexion /mot-de-passe /panier /paiement /commandes/7
/cuenta /mi-cuenta /citas /reserva /pago /carrito /pedidos/7 /facturación /contraseña /pacientes/3
/prenotazioni /appuntamenti /pagamento /carrello /ordini/7 /fatture /pazienti/3 /profilo
/reservas /marcação /agendamento /pagamentos /carrinho /faturas/7 /senha /utentes/3 /minha-conta
/boeking /afspraken /betaling /winkelwagen /bestelling/7 /facturen /wachtwoord /klanten/3 /mijn/gegevens
/rezerwacja /wizyty /płatność /koszyk /zamówienia/7 /faktury /hasło /pacjenci/3 /moje-konto
/bokning /betalning /varukorg /beställning/7 /fakturor /lösenord /patienter/3 /mina-sidor
/bestil /betalinger /kurv /ordrer/7 /faktura /adgangskode /kunder/3 /min-konto
""")
PUBLIC = words("""
/ /coaches /coaches/ana /about /contact /kontakt /prices /preise /tarifs /precios /prezzi /tarieven /cennik /priser /blog
/blog/how-to-find-a-coach /static/app.js /events /news /search /impressum /datenschutz /produkte/7 /en/ /de/kurse /mission
/recept /recettes /minerals /mymagazine /meaning
""")


@pytest.mark.parametrize("path", PRIVATE)
def test_private(path):
    """In any case, with or without accents."""
    assert is_private_path(path)
    assert is_private_path(path.upper())


@pytest.mark.parametrize("path", PUBLIC)
def test_public(path):
    """Ordinary pages of a site."""
    assert not is_private_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "/availability",
        "/slots",
        "/verfügbarkeit",
        "/disponibilités",
        "/disponibilidad",
        "/beschikbaarheid",
        "/dostępność",
    ],
)
def test_availability(path):
    """Free slots are private, and may be shared for a moment if the app states it."""
    assert is_private_path(path)
    assert is_availability(path)


def test_bounds():
    """A very long path counts as private; invented paths do not fill the memory."""
    assert is_private_path("/" + "a-" * 2000)
    for number in range(5000):
        is_private_path(f"/p{number}")
    assert len(PRIVATE_PATHS) <= 1024
