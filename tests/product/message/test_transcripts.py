import pytest

from product.message.customer import CustomerText, customer_text


@pytest.mark.parametrize(
    ("transcript", "own"),
    [
        (
            "Customer: My blender is broken.\nAgent: I am so sorry!\nCustomer: I want a refund.\nAgent: Gladly!",
            "My blender is broken.\nI want a refund.",
        ),
        ("Agent: How can I help?\nCustomer: My order is late.", "My order is late."),
        ("Agent Lisa: How can I help?\nCustomer Tom: My order is late.", "My order is late."),
        ("Visitor 123: my order is late\nSupport bot: I am sorry to hear that!", "my order is late"),
        ("Tom (Customer): my order is late\nLisa (Support): That is terrible, sorry!", "my order is late"),
        ("Tom [customer]: my order is late\nLisa [agent]: That is terrible, sorry!", "my order is late"),
        ("[10:32] Customer: it is late\n[10:33] Agent: Sorry about that.", "it is late"),
        ("10:32:05 Customer: it is late\n10:33:11 Agent: Sorry about that.", "it is late"),
        ("(10:32:05) Visitor 4711: it is late\n(10:33:11) Anna: Sorry about that.", "it is late"),
        ("[2024-11-04 10:32:15] Customer: it is late\n[2024-11-04 10:33:15] Agent: Sorry you feel so.", "it is late"),
        ("04/11/2024, 10:32 - Me: it is late\n04/11/2024, 10:33 - Support: Sorry you feel so.", "it is late"),
        ("Customer (10:32): it is late\nAgent (10:33): Sorry you feel so.", "it is late"),
        ("Customer [10:32 AM]: it is late\nAgent [10:33 AM]: Sorry you feel so.", "it is late"),
        ("[10:32] Tom: it is late\n[10:33] Support: Sorry you feel so.", "it is late"),
        ("Tom: it is late\nAgent: Sorry you feel so.\nTom: I know\nAgent: Bye!", "it is late\nI know"),
        ("Customer: it is late\nLisa: Sorry you feel so.\nCustomer: I know\nLisa: Bye!", "it is late\nI know"),
        ("**Customer:** it is late\n**Agent:** Sorry you feel so.", "it is late"),
        ("Customer: it is late\nand wet\nAgent: Sorry\nfor the trouble.", "it is late\nand wet"),
        ("Client: it is late\nVirtual assistant: Sorry you feel so.", "it is late"),
        ("Me: it is late\nLive chat agent: Sorry you feel so.\nSystem: chat ended", "it is late"),
        ("User: it is late\nBot: Sorry you feel so.", "it is late"),
        ("Buyer: it is late\nSeller: Sorry you feel so, my friend.", "it is late"),
        ("Customer\t10:32\nit is late\nAgent\t10:33\nSorry you feel so.", "it is late"),
        (
            "My chat with you yesterday:\nMe: it is late\nAgent: Sorry you feel so.",
            "My chat with you yesterday:\nit is late",
        ),
        ("Customer: it is late. Agent: Sorry you feel so! Customer: ok", "it is late.\nok"),
        ("客服：您好，请问有什么可以帮您？\n客户：我的快递还没到\n客服：非常抱歉给您带来不便", "我的快递还没到"),
        ("买家：还没发货吗\n商家：亲，非常抱歉", "还没发货吗"),
        ("用户：还没发货吗\n智能客服：您的心情我非常理解，抱歉", "还没发货吗"),
        ("客服小美：您好\n客户：还没发货吗，都一周了", "还没发货吗，都一周了"),
        ("客服001：您好\n访客：还没发货吗，都一周了", "还没发货吗，都一周了"),
        ("[10:32] 我：还没发货吗\n[10:33] 客服：非常抱歉", "还没发货吗"),
        ("客户 10:32:15\n还没发货吗\n客服小美 10:33:02\n非常抱歉给您带来不便", "还没发货吗"),
        ("2024-11-04 10:32:15 客户\n还没发货吗\n2024-11-04 10:33:02 客服\n非常抱歉给您带来不便", "还没发货吗"),
        ("tb12345(2024-11-04 10:32:15): 还没发货吗\n客服小美(2024-11-04 10:33:02): 非常抱歉", "还没发货吗"),
        ("顾客: 还没发货吗 客服: 非常抱歉，马上给您查 顾客: 快点", "还没发货吗\n快点"),
        ("客戶：還沒到貨\n客服：非常抱歉造成您的不便", "還沒到貨"),
        ("Chat started at 10:32\n\nVisitor: it is late\nBot: Happy to help!", "it is late"),
        ("Customer: it is late\nAgent: so sorry\n\nI want my money.", "it is late\n\nI want my money."),
        ("Customer: it is late\nAgent: Sorry.\n\nVery sorry.\nCustomer: ok\nAgent: Bye.\n\nSee you.", "it is late\nok"),
        ("[客户] 还没发货吗\n[客服] 非常抱歉", "还没发货吗"),
        ("【用户】还没发货吗\n【机器人】非常抱歉", "还没发货吗"),
        ("客户说：还没发货吗\n客服说：非常抱歉", "还没发货吗"),
        ("骑手：我到了\n顾客：餐都凉了，怎么才到\n骑手：抱歉", "餐都凉了，怎么才到"),
    ],
)
def test_only_the_customers_lines_are_read(transcript, own):
    assert customer_text(transcript) == CustomerText(own, ("agent-turns",))


@pytest.mark.parametrize(
    "text",
    [
        "Tom: it is late\nLisa: sorry",
        "[10:32] Tom: it is late\n[10:33] Lisa: sorry",
        "Q: How was the service?\nA: Terrible.\nQ: And the food?\nA: Great.",
        "Customer: Tom\nAgent: Lisa",
        "Customer: Tom Miller\nOrder: 4711\nAgent: Lisa\nProblem: broken",
        "Customer service: awful\nDelivery: late\nPrice: ok",
        "Customer Service: one star\nUser Experience: two stars",
        "Support: bad\nDelivery: late",
        "User: tom123\nError: cannot log in\nError: wrong password",
        "Problem: it is broken\nSolution: none",
        "Pros: cheap\nCons: loud",
        "Note: the agent was rude.",
        "Agent: the worst I ever had.",
        "The agent said: no. The customer said: yes.",
        "10:30 I called you.\n11:30 I called again.",
        "Time: 10:30\nPlace: Berlin",
        "优点：便宜\n缺点：客服态度差",
        "客服：态度差\n物流：慢",
        "客服态度：差\n用户体验：差",
        "客户姓名：王伟\n客服电话：没人接",
        "问：怎么退款？\n答：不知道。",
        "https://example.com\nhttps://example.org",
        "订单号：4711\n问题：屏幕坏了",
    ],
)
def test_without_certain_roles_everything_is_read(text):
    assert customer_text(text) == CustomerText(text, ())
