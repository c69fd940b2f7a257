### 日本語。メッセージの名前と探し方は en.ftl の冒頭にあります。
###
### A text in Japanese has room for 70 characters, the name of the place among them. What does not fit is
### left out, so `.sms` says the same in fewer words where that keeps a name in.

## Parts of sentences. Nothing remains of them when what they tell is unknown.

of-merchant = { $has_merchant_name ->
    [yes] { $merchant_name }の
   *[no] { "" }
}
to-merchant = { $has_merchant_name ->
    [yes] { $merchant_name }に
   *[no] { "" }
}
should-arrive = { $eta ->
    [minutes] { $eta_minutes ->
        [0] まもなくお届けします。
       *[other] 約{ $eta_minutes }分でお届けします。
    }
    [hours] 約{ $eta_hours }時間でお届けします。
   *[unknown] { "" }
}
numbered = { $has_order_id ->
    [yes] { " " }{ $order_id }
   *[no] { "" }
}
the-order = { $has_order_id ->
    [yes] 注文{ $order_id }
   *[no] 注文
}

## To the customer

customer-placed =
    .title = { of-merchant }ご注文を受け付けました
    .text = ありがとうございます。{ of-merchant }ご注文を受け付けました。お店の確認をお待ちください。{ should-arrive }
    .sms = { of-merchant }ご注文を受け付けました。お店の確認をお待ちください。{ should-arrive }

customer-placed-accepted =
    .title = { of-merchant }ご注文が確定しました
    .text = { $has_merchant_name ->
        [yes] ありがとうございます。{ $merchant_name }がご注文を承りました。{ should-arrive }
       *[no] ありがとうございます。お店がご注文を承りました。{ should-arrive }
    }

customer-placed-preparing =
    .title = { customer-placed-accepted-preparing.title }
    .text = { customer-placed-accepted-preparing.text }

customer-placed-accepted-preparing =
    .title = { of-merchant }ご注文の品を調理中です
    .text = { $has_merchant_name ->
        [yes] ありがとうございます。{ $merchant_name }がご注文を承り、調理しています。{ should-arrive }
       *[no] ありがとうございます。お店がご注文を承り、調理しています。{ should-arrive }
    }

customer-accepted =
    .title = ご注文が確定しました
    .text = { $has_merchant_name ->
        [yes] { $merchant_name }がご注文を承りました。{ should-arrive }
       *[no] お店がご注文を承りました。{ should-arrive }
    }

customer-accepted-preparing =
    .title = ご注文が確定し、調理中です
    .text = { $has_merchant_name ->
        [yes] { $merchant_name }がご注文を承り、調理しています。{ should-arrive }
       *[no] お店がご注文を承り、調理しています。{ should-arrive }
    }

customer-accepted-ready_for_pickup =
    .title = ご注文が確定し、準備ができました
    .text = { $has_merchant_name ->
        [yes] { $merchant_name }がご注文を承り、お届けの準備ができました。{ should-arrive }
       *[no] お店がご注文を承り、お届けの準備ができました。{ should-arrive }
    }

customer-accepted-preparing-ready_for_pickup =
    .title = 調理が終わり、準備ができました
    .text = { $has_merchant_name ->
        [yes] { $merchant_name }がご注文を承り、調理も終わりました。お届けの準備ができています。{ should-arrive }
       *[no] お店がご注文を承り、調理も終わりました。お届けの準備ができています。{ should-arrive }
    }
    .sms = { $has_merchant_name ->
        [yes] { $merchant_name }がご注文を承り、調理とお届けの準備を終えました。{ should-arrive }
       *[no] お店がご注文を承り、調理とお届けの準備を終えました。{ should-arrive }
    }

customer-preparing =
    .title = 調理中です
    .text = { $has_merchant_name ->
        [yes] { $merchant_name }がご注文の品を調理しています。{ should-arrive }
       *[no] ご注文の品を調理しています。{ should-arrive }
    }

customer-preparing-ready_for_pickup =
    .title = 調理が終わり、準備ができました
    .text = { $has_merchant_name ->
        [yes] { $merchant_name }での調理が終わり、お届けの準備ができました。{ should-arrive }
       *[no] ご注文の品の調理が終わり、お届けの準備ができました。{ should-arrive }
    }

customer-ready_for_pickup =
    .title = お届けの準備ができました
    .text = { of-merchant }ご注文の品は、お届けの準備ができました。{ should-arrive }

customer-out_for_delivery =
    .title = 配達中です
    .text = { of-merchant }ご注文の品を配達しています。{ should-arrive }

customer-nearby =
    .title = もうすぐ到着します
    .text = { of-merchant }ご注文の品が、すぐ近くまで来ています。{ should-arrive }

customer-delivered =
    .title = { of-merchant }ご注文をお届けしました
    .text = { of-merchant }ご注文の品をお届けしました。どうぞお召し上がりください。

customer-cancelled =
    .title = { of-merchant }ご注文がキャンセルされました
    .text = { of-merchant }ご注文がキャンセルされました。ご希望に沿えず申し訳ございません。

customer-news =
    .title = ご注文についてのお知らせ
    .text = { of-merchant }ご注文についてお知らせがあります。アプリを開いてご確認ください。

## To the merchant, at work: what to do comes with what happened.

merchant-placed =
    .title = 新しい注文{ numbered }
    .text = { $has_order_id ->
        [yes] { to-merchant }注文{ $order_id }が入りました。承認をお願いします。
       *[no] { to-merchant }新しい注文が入りました。承認をお願いします。
    }

merchant-delivered =
    .title = 配達完了{ numbered }
    .text = { of-merchant }{ the-order }をお客様にお届けしました。ありがとうございました。

merchant-cancelled =
    .title = 注文キャンセル{ numbered }
    .text = { $has_order_id ->
        [yes] { of-merchant }注文{ $order_id }がキャンセルされました。調理を中止してください。
       *[no] { of-merchant }注文がキャンセルされました。進行中の注文をご確認ください。
    }

merchant-news =
    .title = 注文についてのお知らせ
    .text = { of-merchant }{ the-order }についてお知らせがあります。進行中の注文をご確認ください。

## To the courier, on the road: where to go, or not to.

courier-ready_for_pickup =
    .title = 受け取りの準備ができました
    .text = { of-merchant }{ the-order }の準備ができました。受け取りをお願いします。

courier-cancelled =
    .title = 注文キャンセル{ numbered }
    .text = { $has_order_id ->
        [yes] { of-merchant }注文{ $order_id }がキャンセルされました。配達の必要はなくなりました。
       *[no] { of-merchant }注文がキャンセルされました。出発の前に配達の一覧をご確認ください。
    }

courier-news =
    .title = 注文についてのお知らせ
    .text = { of-merchant }{ the-order }についてお知らせがあります。配達の一覧をご確認ください。

## Moments

moment-now = たった今

## E-mails

mail-preferences = 受け取るメールを選ぶ

## The page that this link leads to

choices-title = ご注文についてのお知らせ
choices-get = { $channel ->
    [sms] { $choice ->
        [everything] SMSでは、すべてのお知らせをお送りしています。
        [records] SMSでは、ご注文の受付・お届け・キャンセルのお知らせだけをお送りしています。
       *[nothing] SMSでは、何もお送りしていません。
    }
   *[email] { $choice ->
        [everything] メールでは、すべてのお知らせをお送りしています。
        [records] メールでは、ご注文の受付・お届け・キャンセルのお知らせだけをお送りしています。
       *[nothing] メールでは、何もお送りしていません。
    }
}
choices-saved = { $channel ->
    [sms] { $choice ->
        [everything] 保存しました。今後、SMSですべてのお知らせをお送りします。
        [records] 保存しました。今後、SMSではご注文の受付・お届け・キャンセルのお知らせだけをお送りします。
       *[nothing] 保存しました。今後、SMSでは何もお送りしません。
    }
   *[email] { $choice ->
        [everything] 保存しました。今後、メールですべてのお知らせをお送りします。
        [records] 保存しました。今後、メールではご注文の受付・お届け・キャンセルのお知らせだけをお送りします。
       *[nothing] 保存しました。今後、メールでは何もお送りしません。
    }
}
choices-question = どのお知らせを受け取りますか？
choices-everything = すべてのお知らせ
choices-everything-means = ご注文からお届けまでの途中経過も含みます。
choices-records = 大切なお知らせのみ
choices-records-means = ご注文の受付・お届け・キャンセルのとき。
choices-nothing = 受け取らない
choices-nothing-means = キャンセルのときもお知らせしません。
choices-save = 保存
choices-elsewhere = ほかの方法で届くお知らせは変わりません。
choices-after-stop = 以前SMSにSTOPと返信された場合は、STARTとも返信してください。
choices-no-address = お知らせをお送りできる宛先が登録されていません。
choices-unknown = このリンクは使えません
choices-unknown-more = リンクが途中で切れている可能性があります。最新のメッセージからもう一度開いてください。
choices-unclear = 保存できませんでした
choices-unclear-more = 前の画面に戻り、三つのうち一つを選んで、もう一度保存してください。
choices-later = ただいま処理できません
choices-later-more = 設定は変更されていません。数分後にもう一度お試しください。
