"""Words around a number that say what it is, without accents and in simplified Chinese (see `fold`).

English and Chinese; German, French, Spanish, Italian, Portuguese and Japanese for telephone numbers.
"""

import re

PHONE_BLANK = "\ue001"
"""Replaces a telephone number that has been found."""
WINDOW = 40
"""Characters before or after a number that are searched for such a word."""
GAP = r"[\s:：#(（\"“,，.=]{0,3}"
CONNECTORS = (
    r"(?:(?:numbers?|no|n[°º]|nr|num|id|codes?|ref|is|was|are|were|like|such as|number is|nummer|numero"
    r"|lautet|ist|est|es|e|号码|编号|番号|号|码|是|为|改成|到|有|は)" + GAP + r"){0,3}"
)
# "my number" means a telephone number, "number" alone does not. The placeholder "[phone]" does not count as a word.
PHONE_WORDS = (
    r"(?:call(?:ed|ing)?|ring|rang|dial(?:led)?|(?:tele|smart|cell)?phone|ph|tel|mob(?:ile)?|cell|hp|landline|text|sms"
    r"|whats ?app|fax|hotline|helpline|reach(?: me)?|contact|(?:my|new|his|her|our)(?: \w{1,8})? number"
    r"|telefon(?:nummer|isch)?|(?:tel|telefon|handy|mobil)-?nr|(?:handy|mobil|ruf|fax|festnetz)nummer|festnetz|durchwahl"
    r"|(?:zu)?ruck(?:zu)?ruf\w{0,4}|an(?:zu|ge)?rufe?n?|ruf(?:en|t)?|erreich(?:bar|en)|meine (?:neue )?nummer"
    r"|telephone|r?appel(?:l?e[rz]?|lent)?|joindre|joignable|contacte[rz]|(?:mon|son|notre)(?: \w{1,8})? numero"
    r"|telefono|movil|celular|llam(?:e|en|ar|a|ada|ado|ame|eme|enme|adme|arme)|contacto|(?:mi|su) numero"
    r"|cellulare|(?:ri)?chiam\w{1,7}|telefona\w{0,5}|contatta\w{0,5}|recapito|(?:mio|nostro)(?: \w{1,8})? numero"
    r"|(?:tele)?fone|telemovel|ligue[mn]?|ligar|ligacao|ligou|whats|zap|contato|meu(?: \w{1,8})? numero)"
)
CHINESE_PHONE_WORDS = (
    r"电话|手机|座机|市话|致电|拨打?|来电|回电|热线|专线|短信|简讯|传真|联系|联络|微信|手提|打(?=\D{0,3}$)"
    r"|携帯|连络|ファックス|ファクス"
)
# Words that mean a telephone only directly before a number: "handy" and "portable" are English words, too.
PHONE_WORDS_NEAR = r"(?:handy|mobil|portable|fixe|fijo|fixo|fisso)"
OTHER_WORDS = (
    r"(?:orders?|invoices?|tracking|parcels?|packages?|shipments?|ref(?:erence)?|accounts?|acct|policy|bookings?"
    r"|reservations?|tickets?|cases?|claims?|serial|parts?|items?|sku|customer|member(?:ship)?|loyalty|receipt"
    r"|transaction|confirmation|contract|meter(?: reading)?|readings?|tags?|imei|isbn|barcode|batch|lots?|models?|po"
    r"|gates?|seats?|rooms?|flights?|sort code|codes?|pin|device|session|errors?|http|status(?:es)?|pages?"
    r"|channels?|units?|sizes?|lockers?|apartments?|apts?|flats|houses|floors?|aisles?|tables|rows?|steps?|sections?"
    r"|chapters?|questions?|articles?|products?|versions?|builds?|ports?|exits?|platforms?|zones?|bus(?:es)?"
    r"|trains?|routes?|scores?|values?|gps|lat(?:itude)?|lon(?:gitude)?|lng|coordinates?|coords"
    r"|bills?|charges?|fees?|costs?|usd|eur|gbp|cny|rmb|jpy|krw|idr|vnd|inr|hkd|twd|rp|rs|amount|total|price|balance"
    r"|paid|vat|tax|ean|upc|asin"
    r"|bestellung|(?:bestell|kunden)(?:nummer|nr)|konto(?:nummer)?"
    r"|(?:auftrag|rechnung|vertrag|sendung|buchung|vorgang|artikel)s?(?:nummer|nr)?"
    r"|commande|facture|suivi|colis|dossier|contrat|client|billet|compte|dni|nif|cif|cpf|cnpj|siret"
    r"|pedido|factura|seguimiento|envio|paquete|expediente|contrato|cliente|reserva|cuenta|referencia|billete|codigo"
    r"|ordine|fattura|spedizione|pratica|contratto|prenotazione|conto|riferimento|biglietto|codice|tracciamento"
    r"|encomenda|fatura|rastreio|rastreamento|protocolo|conta|nota fiscal)"
)
CHINESE_OTHER_WORDS = (
    r"订单|单号|快递单?|运单|流水|编号|参考号?|发票|保单|合同|合约|交易|工单|工号|型号|序列|条码|户号|税号|取件码|验证码|尾号|读数"
    r"|邮编|邮递区号|密码|代码|房间|错误码?|报错|频道|页码?|座位|尺寸|经度|纬度|[坐座]标|金额|余额|价格|总价|版本|[Gg][Pp][Ss]"
    r"|(?:会员|受付|お客様|管理|制造)番号|注文|予约|追跡|伝票|口座"
)
UNITS = (
    r"(?:points?|km|kg|kwh|g|mm|cm|px|miles?|yuan|rmb|cny|usd|eur|gbp|yen|jpy|vnd|idr|dollars?|euros?|pounds?"
    r"|bytes?|[kmg]b|errors?|codes?|rooms?|pages?|items?|units?|steps?|views?|followers?|times)\b"
    r"|元|块|円|[美港韩澳加日]元|[港台]币|卢[比布]|泰铢|越南盾|英镑|积分|步|公里|米|字节|次(?!日)|房间?|号房|个?错误|[%€£$°]"
)
# Plural nouns that often have a list of numbers: with spaces alone, "201 203 2050" might be a telephone number.
COUNTED_WORDS = (
    r"(?:errors?|codes|rooms|suites?|apartments|seats|pages|channels|units|models|sizes|lockers|flats|houses|floors|stores|shops|flights"
    r"|gates|rows|lines|skus|ports|items|parts|products|versions|scores|values|readings|statuses|http"
    r"|zimmer|chambres|habitaciones|camere|quartos|fehler|erreurs|errores|errori|erros)"
)
FLAGS = re.IGNORECASE | re.ASCII
# Other words may come between, as in "call me back tonight on …", but no digit or placeholder.
BETWEEN = rf"[^\d\n\]\ue000{PHONE_BLANK}]"
PHONE_WORD = rf"(?:(?<!\[)\b{PHONE_WORDS}\b|{CHINESE_PHONE_WORDS})"
# A second number after a redacted one: "[phone] or …".
SECOND = rf"(?:\[phone\]|{PHONE_BLANK})\s?(?:or|and|/|,|、|或者?|和|及|ou|oder|und|y|o|e|または)\s?"
PHONE_BEFORE = re.compile(rf"(?:{PHONE_WORD}{BETWEEN}{{0,16}}|\b{PHONE_WORDS_NEAR}{GAP}{CONNECTORS}|{SECOND})$", FLAGS)
COUNTED_BEFORE = re.compile(rf"\b{COUNTED_WORDS}\b{BETWEEN}{{0,24}}$", FLAGS)
PHONE_AFTER = re.compile(rf"\W{{0,2}}(?:is|was|是|es|est|ist|e)\b{BETWEEN}{{0,12}}{PHONE_WORD}", FLAGS)
OTHER_BEFORE = re.compile(rf"(?:\b{OTHER_WORDS}\b|{CHINESE_OTHER_WORDS}){GAP}{CONNECTORS}$", FLAGS)
OTHER_AFTER = re.compile(rf"[ ]?(?:{UNITS})", FLAGS)

# Words directly before or after four numbers that make them a version or section number, not an IP address.
VERSION_BEFORE = re.compile(
    r"(?:\b(?:versions?|ver|v|firmware|fw|build|release|driver|patch|app|software|updated?|upgraded?|updating|upgrading"
    r"|clause|section|chapter|paragraph|article|step|kernel|sdk|api|plugin|client|bios"
    r"|\w{0,9}os|android|windows|linux|ubuntu|debian|chrome|firefox|safari|edge|opera|office|java|python|node|php"
    r"|mysql|nginx|docker|rom|dsm|wechat|alipay|emui|miui|one ?ui)\b|§"
    r"|版本号?|固件|韧体|驱动|系统|软件|软体|客户端|应用|小?程序|微信|支付宝|淘宝|抖音|安卓|鸿蒙|升级|更新|条款|章节|第)"
    r"版?[\s:：(（,，.]{0,2}(?:(?:is|was|to|from|no\.?|number|是|为|到|至|从|第|v)[\s:：]{0,2}){0,2}"
    r"(?:v?\d[\d.]{0,20}\s?(?:to|and|or|->|→|到|和|至)\s?)?v?$",
    FLAGS,
)
VERSION_AFTER = re.compile(
    r"[ ]?(?:版|固件|韧体|系统|更新|升级|(?:versions?|firmware|build|release|update|upgrade|patch|beta|rc)\b)", FLAGS
)
