### Français. La façon dont les messages se nomment et se cherchent est expliquée au début de en.ftl.
###
### Before ! and ? stands a narrow no-break space (U+202F), before a colon a no-break space (U+00A0), and the
### apostrophe is curly: in a text message all three are made plain. The alphabet of text messages has à, é,
### è and ù but not ê, ç, ô, î, û, â, ë, ï and œ, and a single one of these cuts a text message from 160
### characters to 70. So `.text` does without them, or brings an `.sms` that does.

## Parts of sentences. Each brings its own leading space, so that nothing remains when it is unknown.

at-merchant = { $has_merchant_name ->
    [yes] { " " }chez { $merchant_name }
   *[no] { "" }
}
should-arrive = { $eta ->
    [minutes] { " " }Elle devrait arriver { $eta_minutes ->
        [0] d’un instant à l’autre
        [one] dans une minute environ
       *[other] dans environ { $eta_minutes } minutes
    }.
    [hours] { " " }Elle devrait arriver dans environ { $eta_hours } heures.
   *[unknown] { "" }
}
numbered = { $has_order_id ->
    [yes] { " " }{ $order_id }
   *[no] { "" }
}
the-order = { $has_order_id ->
    [yes] La commande { $order_id }
   *[no] Une commande
}

## To the customer

customer-placed =
    .title = Commande enregistrée{ at-merchant }
    .text = Merci. Votre commande{ at-merchant } est enregistrée et en attente de confirmation.{ should-arrive }

customer-placed-accepted =
    .title = Commande acceptée{ at-merchant }
    .text = { $has_merchant_name ->
        [yes] Merci pour votre commande. { $merchant_name } l’a acceptée.{ should-arrive }
       *[no] Merci pour votre commande. Elle a été acceptée.{ should-arrive }
    }

customer-placed-preparing =
    .title = { customer-placed-accepted-preparing.title }
    .text = { customer-placed-accepted-preparing.text }

customer-placed-accepted-preparing =
    .title = Commande en préparation{ at-merchant }
    .text = { $has_merchant_name ->
        [yes] Merci pour votre commande. { $merchant_name } l’a acceptée et la prépare.{ should-arrive }
       *[no] Merci pour votre commande. Elle a été acceptée et se prépare.{ should-arrive }
    }

customer-accepted =
    .title = Commande acceptée
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } a accepté votre commande.{ should-arrive }
       *[no] Votre commande a été acceptée.{ should-arrive }
    }

customer-accepted-preparing =
    .title = Acceptée et en préparation
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } a accepté votre commande et la prépare.{ should-arrive }
       *[no] Votre commande a été acceptée et se prépare.{ should-arrive }
    }

customer-accepted-ready_for_pickup =
    .title = Acceptée et prête à partir
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } a accepté votre commande, et elle est prête à partir.{ should-arrive }
       *[no] Votre commande a été acceptée et elle est prête à partir.{ should-arrive }
    }
    .sms = { $has_merchant_name ->
        [yes] { $merchant_name } a accepté votre commande, et elle va partir.{ should-arrive }
       *[no] Votre commande a été acceptée et va partir.{ should-arrive }
    }

customer-accepted-preparing-ready_for_pickup =
    .title = Préparée et prête à partir
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } a accepté et préparé votre commande, et elle est prête à partir.{ should-arrive }
       *[no] Votre commande a été acceptée et préparée, et elle est prête à partir.{ should-arrive }
    }
    .sms = { $has_merchant_name ->
        [yes] { $merchant_name } a accepté et préparé votre commande, et elle va partir.{ should-arrive }
       *[no] Votre commande a été acceptée et préparée, et elle va partir.{ should-arrive }
    }

customer-preparing =
    .title = En préparation
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } prépare votre commande.{ should-arrive }
       *[no] Votre commande est en préparation.{ should-arrive }
    }

customer-preparing-ready_for_pickup =
    .title = Préparée et prête à partir
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } a préparé votre commande, et elle est prête à partir.{ should-arrive }
       *[no] Votre commande est préparée et prête à partir.{ should-arrive }
    }
    .sms = { $has_merchant_name ->
        [yes] { $merchant_name } a préparé votre commande, et elle va partir.{ should-arrive }
       *[no] Votre commande est préparée et va partir.{ should-arrive }
    }

customer-ready_for_pickup =
    .title = Prête à partir
    .text = Votre commande{ at-merchant } est prête à partir.{ should-arrive }
    .sms = Votre commande{ at-merchant } est préparée et va partir.{ should-arrive }

customer-out_for_delivery =
    .title = En route
    .text = Votre commande{ at-merchant } est en route.{ should-arrive }

customer-nearby =
    .title = Presque arrivée
    .text = Votre commande{ at-merchant } est à deux pas.{ should-arrive }

customer-delivered =
    .title = Commande{ at-merchant } livrée
    .text = Votre commande{ at-merchant } a été livrée. Bon appétit !

customer-cancelled =
    .title = Commande{ at-merchant } annulée
    .text = Votre commande{ at-merchant } a été annulée. Nous regrettons qu’elle n’ait pas pu aboutir cette fois.

customer-news =
    .title = Du nouveau sur votre commande
    .text = Il y a du nouveau sur votre commande{ at-merchant } : ouvrez l’application pour en savoir plus.

## To the merchant, at work: what to do comes with what happened.

merchant-placed =
    .title = Nouvelle commande{ numbered }
    .text = { $has_order_id ->
        [yes] La commande { $order_id } est arrivée{ at-merchant } et attend que vous l’acceptiez.
       *[no] Une nouvelle commande est arrivée{ at-merchant } et attend que vous l’acceptiez.
    }

merchant-delivered =
    .title = Commande{ numbered } livrée
    .text = { the-order }{ at-merchant } a été remise au client. Merci.

merchant-cancelled =
    .title = Commande{ numbered } annulée
    .text = { $has_order_id ->
        [yes] La commande { $order_id }{ at-merchant } a été annulée. Merci de ne plus la préparer.
       *[no] Une commande{ at-merchant } a été annulée. Merci de vérifier vos commandes en cours.
    }

merchant-news =
    .title = Du nouveau sur une commande
    .text = { $has_order_id ->
        [yes] Il y a du nouveau sur la commande { $order_id }{ at-merchant } : merci de vérifier vos commandes en cours.
       *[no] Il y a du nouveau sur une commande{ at-merchant } : merci de vérifier vos commandes en cours.
    }

## To the courier, on the road: where to go, or not to.

courier-ready_for_pickup =
    .title = Prête à retirer
    .text = { the-order }{ at-merchant } vous attend : vous pouvez passer la prendre.

courier-cancelled =
    .title = Commande{ numbered } annulée
    .text = { $has_order_id ->
        [yes] La commande { $order_id }{ at-merchant } a été annulée. Vous n’avez plus à la livrer.
       *[no] Une commande{ at-merchant } a été annulée. Merci de vérifier vos livraisons avant de continuer.
    }

courier-news =
    .title = Du nouveau sur une commande
    .text = { $has_order_id ->
        [yes] Il y a du nouveau sur la commande { $order_id }{ at-merchant } : merci de vérifier vos livraisons.
       *[no] Il y a du nouveau sur une commande{ at-merchant } : merci de vérifier vos livraisons.
    }

## Moments

moment-now = à l’instant

## E-mails

mail-preferences = Choisissez les e-mails que vous recevez

## The page that this link leads to

choices-title = Le suivi de vos commandes
choices-get = { $channel ->
    [sms] { $choice ->
        [everything] Par SMS, vous recevez toutes nos nouvelles.
        [records] Par SMS, vous ne recevez que l’essentiel : commande passée, livrée ou annulée.
       *[nothing] Par SMS, vous ne recevez rien.
    }
   *[email] { $choice ->
        [everything] Par e-mail, vous recevez toutes nos nouvelles.
        [records] Par e-mail, vous ne recevez que l’essentiel : commande passée, livrée ou annulée.
       *[nothing] Par e-mail, vous ne recevez rien.
    }
}
choices-saved = { $channel ->
    [sms] { $choice ->
        [everything] C’est enregistré. Vous recevez désormais toutes nos nouvelles par SMS.
        [records] C’est enregistré. Vous ne recevez désormais par SMS que l’essentiel : commande passée, livrée ou annulée.
       *[nothing] C’est enregistré. Vous ne recevez désormais plus rien par SMS.
    }
   *[email] { $choice ->
        [everything] C’est enregistré. Vous recevez désormais toutes nos nouvelles par e-mail.
        [records] C’est enregistré. Vous ne recevez désormais par e-mail que l’essentiel : commande passée, livrée ou annulée.
       *[nothing] C’est enregistré. Vous ne recevez désormais plus rien par e-mail.
    }
}
choices-question = Que souhaitez-vous recevoir ?
choices-everything = Toutes les nouvelles
choices-everything-means = Y compris ce qui se passe entre la commande et votre porte.
choices-records = L’essentiel seulement
choices-records-means = Quand une commande est passée, livrée ou annulée.
choices-nothing = Rien
choices-nothing-means = Pas même quand une commande est annulée.
choices-save = Enregistrer
choices-elsewhere = Ce que vous recevez par d’autres moyens ne change pas.
choices-after-stop = Si vous avez un jour répondu STOP à un SMS, répondez-lui aussi START.
choices-no-address = Nous n’avons ici aucune adresse où vous écrire.
choices-unknown = Ce lien ne fonctionne pas
choices-unknown-more = Il a peut-être été coupé. Rouvrez-le depuis le dernier message que vous avez reçu de nous.
choices-unclear = Rien n’a pu être enregistré
choices-unclear-more = Revenez en arrière, choisissez l’une des trois options et enregistrez de nouveau.
choices-later = Ce n’est pas possible pour le moment
choices-later-more = Rien n’a été changé. Merci de réessayer dans quelques minutes.

## Le centre de préférences

preferences-title = Ce que nous vous disons, et comment
preferences-intro = Pour chaque étape d’une commande, choisissez où vous voulez l’apprendre.
preferences-inbox = Vers votre messagerie

preferences-channel = { $channel ->
    [push] Notification push
    [sms] SMS
    [email] E-mail
   *[in_app] Messagerie
}

preferences-places = Où nous vous joignons
preferences-place-none = { $channel ->
    [push] Aucun appareil
    [sms] Aucun numéro
   *[email] Aucune adresse
}
preferences-stop = Vous avez répondu STOP : nous n’envoyons plus de SMS à ce numéro. Pour en recevoir à nouveau, répondez START à l’un de nos SMS.
preferences-nothing-here = Vous nous avez demandé de ne plus rien envoyer ici.
preferences-records-here = Vous avez demandé seulement ce qui mérite d’être gardé : commande passée, livrée ou annulée.
preferences-again = Tout m’envoyer à nouveau ici
preferences-remove = Retirer
preferences-remove-which = Retirer { $device }

preferences-steps = Étape par étape
preferences-example = Par exemple : « { $text } »
preferences-on = Toujours
preferences-fallback = Seulement si les autres voies échouent
preferences-off = Jamais
preferences-nowhere = Nulle part
preferences-overruled = Désactivé plus haut, quoi que vous choisissiez ici.

preferences-quiet = Heures de calme
preferences-quiet-means = Nous n’envoyons alors que ce qui ne peut attendre, par exemple que votre commande est en route. Le reste est dans votre messagerie.
preferences-quiet-wanted = Rester silencieux à ces heures
preferences-quiet-from = De
preferences-quiet-until = À
preferences-quiet-unclear = Indiquez les deux heures, par exemple 22:00 et 07:00. Rien n’a encore été enregistré.
preferences-zone = Fuseau horaire

preferences-language = Langue
preferences-language-means = Pour les messages et pour cette page.

preferences-save = Enregistrer
preferences-usual = Revenir à l’habituel
preferences-usual-means = Annule vos choix pour chaque étape. Les heures de calme et la langue restent.
preferences-said-saved = C’est enregistré, et valable dès la prochaine nouvelle.
preferences-said-usual = Vous recevez à nouveau les nouvelles habituelles.
preferences-said-removed = Cet appareil ne reçoit plus rien.
preferences-said-again = Vous y recevez à nouveau tout.

preferences-signed-out = Veuillez vous identifier à nouveau
preferences-signed-out-more = Cette page reste ouverte une heure. Ouvrez-la à nouveau depuis l’application.
preferences-nobody = Rien à choisir pour l’instant
preferences-nobody-more = Dès que nous saurons comment vous joindre, vous pourrez choisir ici ce que vous apprenez.
preferences-unclear = L’enregistrement a échoué
preferences-unclear-more = Ouvrez cette page à nouveau et refaites votre choix.
preferences-later = Impossible pour le moment
preferences-later-more = Rien n’a changé. Réessayez dans quelques minutes.

## La page des commandes

inbox-title = Vos commandes
inbox-tab-inbox = Messagerie
inbox-tab-archive = Archives
inbox-preferences = Réglages des notifications
inbox-unread = Non lus :
inbox-new = Nouveau
inbox-order = Commande { $order_id }
inbox-steps = Où en est la commande
inbox-step = Étape { $now } sur { $all }
inbox-step-passed = { $step } : fait
inbox-step-now = { $step } : en ce moment
inbox-step-ahead = { $step } : à venir
inbox-step-stopped = { $step } : elle s’arrête là
inbox-stopped = Elle s’arrête là
inbox-trail = { $count ->
    [one] Un seul message pour l’instant
    [many] Les { $count } de messages
   *[other] Les { $count } messages
}
inbox-read = Marquer comme lu
inbox-read-all = Tout marquer comme lu
inbox-archive = Archiver
inbox-unarchive = Remettre dans la messagerie
inbox-older = Commandes plus anciennes
inbox-newest = Revenir aux plus récentes
inbox-empty = Rien ici pour l’instant
inbox-empty-more = Dès qu’il se passe quelque chose avec l’une de vos commandes, vous le voyez ici.
inbox-archive-empty = Les archives sont vides
inbox-archive-empty-more = Ce que vous archivez est gardé ici. S’il y a du nouveau, cela revient tout seul.
inbox-archived = Archivé.
inbox-unarchived = De retour dans la messagerie.
inbox-lost = La connexion est perdue. Nouvel essai automatique.
inbox-closed = Veuillez ouvrir votre lien à nouveau
inbox-closed-more = Cette page est pour vous seul, et votre lien a expiré ou a été tronqué. Ouvrez-la à nouveau depuis l’application ou depuis notre dernier message.
inbox-away = Impossible pour le moment
inbox-away-more = Rien n’a changé. Réessayez dans quelques minutes.
inbox-again = Réessayer
inbox-no-page = Cette page n’existe plus
inbox-no-page-more = Le lien a peut-être été tronqué en chemin.
