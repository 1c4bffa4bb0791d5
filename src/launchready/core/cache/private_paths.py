"""Paths whose responses belong to one person, by their words in ten languages.

English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Swedish and Danish. Case, accents and umlauts are
folded, so ``/Réservations`` and ``/reservations`` are the same path. A segment matches as a whole, with up to two words
before and after it: ``/my-account``, ``/konto.html``, ``/user_profile_edit``.
"""

import re
import unicodedata

_ACCESS = (
    "log[-_]?(?:in|out|on|off) sign[-_]?(?:in|up|out|on) register registration passw(?:or)?d oauth2? callback sso "
    "saml mfa otp 2fa verify verification unsubscribe invite invitations? anmelde[nr]? anmeldung abmelden "
    "abmeldung registrier(?:en|ung) passwort kennwort einladung(?:en)? connexion deconnexion inscription "
    "mot[-_]?de[-_]?passe se[-_]?connecter iniciar[-_]?sesion cerrar[-_]?sesion acceso registro registrarse "
    "contrasena accedi accesso uscita esci registrati registrazione entrar sair cadastro iniciar[-_]?sessao senha "
    "palavra[-_]?passe inloggen uitloggen registreren aanmelden afmelden wachtwoord zaloguj logowanie wyloguj "
    "rejestracja haslo logga[-_]?(?:in|ut) inloggning registrera losenord log[-_]?(?:ind|ud) tilmeld registrering "
    "adgangskode kodeord"
)
_MONEY = (
    "check[-_]?out pay payments? cart basket orders? invoices? billing refunds? webhooks? purchases? "
    "subscriptions? receipts? transactions? wallet payouts? kasse zahlung(?:en)? bezahl(?:en|ung)? warenkorb "
    "einkaufswagen bestellung(?:en)? rechnung(?:en)? erstattung(?:en)? abonnements? abo abos gutschrift(?:en)? "
    "paiements? payer panier commandes? factures? facturation remboursements? abonnements? pagos? pagar carrito "
    "cesta pedidos? facturas? facturacion reembolsos? suscripcion(?:es)? compras? pagament[oi] paga carrello "
    "ordin[ei] fattur[ae] rimbors[oi] abbonament[oi] acquist[oi] pagamentos? carrinho encomendas? faturas? "
    "reembolsos? assinaturas? betaling(?:en)? betalen afrekenen winkelwagen(?:tje)? winkelmand(?:je)? "
    "bestelling(?:en)? factu(?:ur|ren) terugbetaling(?:en)? abonnement(?:en)? platnosci? platnosc zaplac koszyk "
    "zamowieni[ae] faktur[ay] zwrot(?:y)? subskrypcj[ae] betala betalning(?:ar)? kassan? varukorg(?:en)? "
    "bestallning(?:ar)? fakturor aterbetalning(?:ar)? prenumeration(?:er)? betal betalinger kurv indkobskurv "
    "ordrer? faktura(?:er)? refusion(?:er)?"
)
_TIME = (
    "book bookings? reserve reservations? appointments? (?:un)?availab\\w* (?:time)?slots? free[-_]?busy "
    "buch(?:en|ung|ungen) reservierung(?:en)? reservieren termine? terminbuchung(?:en)? verfugbar\\w* "
    "verfuegbar\\w* rendez[-_]?vous rdv reserver disponibilites? disponible creneaux? reservas? reservar "
    "reservacion(?:es)? citas? disponibilidad(?:es)? disponible turnos? prenotazion[ei] prenota appuntament[oi] "
    "disponibilita reservas? agendamentos? agendar marcacao marcacoes consultas? disponibilidades? boeking(?:en)? "
    "boeken reservering(?:en)? reserveren afspra(?:ak|ken) beschikbaarheid rezerwacj[ae] rezerwuj wizyt[ay] "
    "dostepnosc termin(?:y)? bokning(?:ar)? boka reservation(?:er)? tidsbokning tillganglighet bestil bookinger "
    "reservation(?:er)? aftaler? ledige?[-_]?tider? tilgaengelighed"
)
_PERSON = (
    "accounts? me my self profiles? settings preferences inbox messages? notifications? dashboard "
    "admin(?:istration)? sessions? tokens? api[-_]?keys? csrf patients? customers? clients? members? users? "
    "guests? employees? contacts medical records? prescriptions? documents? statements? payslips? address(?:es)? "
    "wishlist favou?rites tickets? download[-_]?my[-_]?data private konto konten mein[-_]?konto profil "
    "einstellungen nachricht(?:en)? posteingang benutzer kunden? patient(?:en|innen)? mitglied(?:er)? gaste "
    "gaeste mitarbeiter befunde? dokumente? adressen? merkliste verwaltung meine? comptes? mon[-_]?compte "
    "parametres messagerie utilisateurs? clients? membres? ordonnances? adresses? favoris mes mon cuentas? "
    "mi[-_]?cuenta perfil ajustes configuracion mensajes? usuarios? clientes? pacientes? miembros? documentos? "
    "direccion(?:es)? favoritos mis il[-_]?mio[-_]?account profilo impostazioni messaggi(?:o)? utent[ei] "
    "client[ei] pazient[ei] soc(?:io|i) document[oi] indirizz[oi] preferiti mi[eo]i? contas? minha[-_]?conta "
    "definicoes configuracoes mensagens utilizador(?:es)? usuarios? utentes? membros? enderecos? meus? minhas? "
    "account(?:s)? mijn rekening(?:en)? profiel instellingen berichten gebruikers? klant(?:en)? leden documenten "
    "adress(?:en)? favorieten beheer kont[ao] moje[-_]?konto ustawienia wiadomosci uzytkowni(?:k|cy) "
    "klien(?:t|ci) pacjen(?:t|ci) czlonkowie recept[ay] dokument(?:y)? adres(?:y)? ulubione moje mitt[-_]?konto "
    "mina?[-_]?sidor installningar meddelanden anvandare kunder? patienter medlem(?:mar)? dokument adresser "
    "favoriter mitt mina min[-_]?konto mine? indstillinger beskeder brugere? kunder? patienter medlem(?:mer)? "
    "recepter dokumenter favoritter"
)
_STATE = "healthz? livez readyz"

_WORDS = "|".join(f"{_ACCESS} {_MONEY} {_TIME} {_PERSON} {_STATE}".split())
_AROUND = r"[a-z0-9]+[-_.]"
_DENIED = re.compile(rf"(?:^|/)(?:{_AROUND}){{0,2}}(?:{_WORDS})(?:[-_.][a-z0-9]+){{0,2}}(?=[/;]|$)")
_JOINED = re.compile(r"(?:^|/)(?:my|mein|meine|mon|mes|mi|mis|mijn|mitt|mina)(?=[a-z])")
_AVAILABILITY = re.compile(
    r"availab|slot|free[-_]?busy|verf(?:ue?|u)gbar|disponib|beschikbaar|dostepn|tillganglig|tilgaengelig|ledige?[-_]?tid"
)
_LETTERS = str.maketrans({"\u0142": "l", "\u00f8": "o", "\u00e6": "ae"})  # letters that NFKD does not decompose
_MAX_PATHS = 1024
_MAX_LENGTH = 2048  # a longer path counts as private


def is_private_path(path: str) -> bool:
    """Whether a path, or the pattern of a route, is on the deny list."""
    if len(PRIVATE_PATHS) >= _MAX_PATHS:
        PRIVATE_PATHS.clear()
    found = len(path) > _MAX_LENGTH
    if not found:
        folded = fold(path)
        found = bool(_DENIED.search(folded) or _DENIED.search(_JOINED.sub("/", folded)))
    PRIVATE_PATHS[path] = found
    return found


PRIVATE_PATHS: dict[str, bool] = {}
"""Results of ``is_private_path`` for the paths of this app; bounded."""


def is_availability(path: str) -> bool:
    """Whether a path names free slots, which may be shared for a moment."""
    return _AVAILABILITY.search(fold(path)) is not None


def fold(path: str) -> str:
    """Lower case, without accents: ``/Größe`` becomes ``/grosse``."""
    if path.isascii():
        return path.lower()
    plain = unicodedata.normalize("NFKD", path.casefold().translate(_LETTERS))
    return "".join(each for each in plain if not unicodedata.combining(each))
