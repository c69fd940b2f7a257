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

## 通知設定

preferences-title = お知らせの内容と方法
preferences-intro = ご注文の段階ごとに、お知らせを受け取る場所をお選びください。
preferences-inbox = 受信箱へ

preferences-channel = { $channel ->
    [push] プッシュ通知
    [sms] SMS
    [email] メール
   *[in_app] 受信箱
}

preferences-places = お知らせの届け先
preferences-place-none = { $channel ->
    [push] 端末なし
    [sms] 電話番号なし
   *[email] アドレスなし
}
preferences-stop = STOPとご返信いただいたため、この番号にSMSをお送りしていません。再開するには、当方のSMSにSTARTとご返信ください。
preferences-nothing-here = ここへのお知らせは停止されています。
preferences-records-here = 保存しておきたいお知らせ（ご注文の受付、お届け、キャンセル）だけをお送りしています。
preferences-again = すべてのお知らせを再開する
preferences-remove = 削除
preferences-remove-which = { $device }を削除

preferences-steps = 段階ごとの設定
preferences-example = 例：「{ $text }」
preferences-on = いつも
preferences-fallback = ほかの方法で届かないときだけ
preferences-off = 受け取らない
preferences-nowhere = なし
preferences-overruled = 上で停止されているため、ここでの設定にかかわらず届きません。

preferences-quiet = おやすみ時間
preferences-quiet-means = この時間は、配達中など急ぎのお知らせだけをお送りします。その他は受信箱でご覧いただけます。
preferences-quiet-wanted = この時間は静かにする
preferences-quiet-from = 開始
preferences-quiet-until = 終了
preferences-quiet-unclear = 22:00と07:00のように、両方の時刻をご入力ください。まだ保存されていません。
preferences-zone = タイムゾーン

preferences-language = 言語
preferences-language-means = お知らせとこのページの言語です。

preferences-save = 保存
preferences-usual = 標準に戻す
preferences-usual-means = 段階ごとの設定を取り消します。おやすみ時間と言語は変わりません。
preferences-said-saved = 保存しました。次のお知らせから反映されます。
preferences-said-usual = 標準のお知らせに戻しました。
preferences-said-removed = この端末へのお知らせを停止しました。
preferences-said-again = ここへのお知らせをすべて再開しました。

preferences-signed-out = もう一度お入りください
preferences-signed-out-more = このページは1時間で閉じます。アプリからもう一度お開きください。
preferences-nobody = まだ選べる設定がありません
preferences-nobody-more = 届け先が登録されると、ここで受け取るお知らせを選べます。
preferences-unclear = 保存できませんでした
preferences-unclear-more = このページを開き直して、もう一度お選びください。
preferences-later = ただいま処理できませんでした
preferences-later-more = 何も変更されていません。数分後にもう一度お試しください。

## ご注文の一覧

inbox-title = ご注文
inbox-tab-inbox = 受信箱
inbox-tab-archive = アーカイブ
inbox-preferences = 通知設定
inbox-unread = 未読：
inbox-new = 新着
inbox-order = ご注文 { $order_id }
inbox-steps = ご注文の進み具合
inbox-step = { $all }段階中{ $now }段階目
inbox-step-passed = { $step }：完了
inbox-step-now = { $step }：現在
inbox-step-ahead = { $step }：これから
inbox-step-stopped = { $step }：ここで終了
inbox-stopped = ここで終了しました
inbox-trail = お知らせ{ $count }件
inbox-read = 既読にする
inbox-read-all = すべて既読にする
inbox-archive = アーカイブする
inbox-unarchive = 受信箱に戻す
inbox-older = 以前のご注文
inbox-newest = 最新に戻る
inbox-empty = まだ何もありません
inbox-empty-more = ご注文に動きがあると、ここに表示されます。
inbox-archive-empty = アーカイブは空です
inbox-archive-empty-more = アーカイブしたものはここに保存されます。ご注文に動きがあると、自動的に受信箱に戻ります。
inbox-archived = アーカイブしました。
inbox-unarchived = 受信箱に戻しました。
inbox-lost = 接続が切れました。自動的に再接続します。
inbox-closed = リンクをもう一度お開きください
inbox-closed-more = このページはお客様専用です。リンクの期限が切れたか、途中で切れています。アプリ、または当方からの最新のお知らせからお開きください。
inbox-away = ただいま処理できませんでした
inbox-away-more = 何も変更されていません。数分後にもう一度お試しください。
inbox-again = もう一度試す
inbox-no-page = このページはもうありません
inbox-no-page-more = リンクが途中で切れている可能性があります。
